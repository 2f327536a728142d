import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { listAt, valueAt } from '../../support/pod-reader.ts'
import { runUsher } from '../../support/usher-process.ts'

const sketch = fileURLToPath(new URL('../../job/file/sketch.yaml', import.meta.url))
const least = 'name: web\ncontainers: {app: {image: i, memory: 1G}}\n'

t.test('manifests as YAML, from a file or standard input', async (t) => {
  const { code, stdout, stderr } = await render(t, ['-f', sketch, '--shared-storage-class', 'nfs', '-n', 'shop'])
  t.strictSame({ code, stderr }, { code: 0, stderr: '' })
  const documents: unknown[] = parseAllDocuments(stdout).map((document) => document.toJS() as unknown)
  t.strictSame(documents.map((each) => [valueAt(each, 'kind'), valueAt(each, 'metadata', 'namespace')]), ['PersistentVolumeClaim', 'Service', 'Service', 'PodDisruptionBudget', 'Deployment'].map((kind) => [kind, 'shop']))
  t.strictSame(await render(t, ['-f', '-', '--shared-storage-class', 'nfs', '-n', 'shop'], readFileSync(sketch)), { code, stdout, stderr })
})

t.test('-o json: one List, with the jobs of all files', async (t) => {
  const folder = t.testdir({ 'a.yaml': least, 'b.yaml': least.replace('web', 'db') })
  const { code, stdout } = await render(t, ['-f', `${folder}/a.yaml`, '-f', `${folder}/b.yaml`, '-o', 'json'])
  t.equal(code, 0)
  const list: unknown = JSON.parse(stdout)
  t.match(list, { apiVersion: 'v1', kind: 'List' })
  t.strictSame(listAt(list, 'items').map(({ kind, metadata }) => [kind, valueAt(metadata, 'name')]), [['Service', 'web-pods'], ['Deployment', 'web'], ['Service', 'db-pods'], ['Deployment', 'db']])
})

t.test('-o table: kinds and names', async (t) => {
  const { code, stdout } = await render(t, ['-f', '-', '-o', 'table'], least)
  t.strictSame([code, stdout], [0, 'KIND         NAME       API VERSION\nService      web-pods   v1\nDeployment   web        apps/v1\n'])
})

t.test('flags say what a file cannot know', async (t) => {
  const text = 'name: web\ncontainers:\n  app: {image: i, memory: 1G, ports: ["80:3000"], healthcheck: {type: http}}\nexpose: {}\nsidecar: envoy\n'
  const { stdout } = await render(t, ['-f', '-', '--gateway', 'edge/main', '--domain', 'example.org', '--wait-image', 'mirror/usher-wait:2', '--envoy-image', 'mirror/envoy:3'], text)
  for (const wanted of ['kind: HTTPRoute', '- web.example.org', 'image: mirror/usher-wait:2', 'image: mirror/envoy:3']) t.match(stdout, wanted)
  t.match((await render(t, ['-f', '-', '--ingress-class', 'haproxy'], text)).stdout, 'ingressClassName: haproxy')
})

t.test('warnings of the file and of what it becomes go to stderr', async (t) => {
  const { code, stderr } = await render(t, ['-f', '-'], 'name: web\ndeploy: {mode: global}\ncontainers: {app: {image: i}}\n')
  t.equal(code, 0)
  t.match(stderr, /^warning: stdin:3:14: app has no memory: .*\nwarning: job web: its instances start without the lock: .*\n$/)
})

t.test('a file that is not valid: a document with every place, 4, and no manifest', async (t) => {
  const wrong = 'name: web\ncontainers:\n  app:\n    imge: x\n    memory: 1G\n'
  const { code, stdout, stderr } = await render(t, ['-f', '-', '-o', 'json'], wrong)
  t.equal(code, 4)
  t.match(JSON.parse(stdout), { type: /#invalid-job$/, title: 'The job file is not valid', detail: /^stdin:3:3: app needs an image\nstdin:4:5: unknown key/, problems: [{ line: 3, column: 3 }, { line: 4, column: 5 }] })
  t.match(stderr, /^usher job render: -: stdin:3:3: app needs an image\nstdin:4:5: unknown key "imge"; did you mean image\?\n$/)
  const plain = await render(t, ['-f', '-'], wrong)
  t.strictSame([plain.code, plain.stdout], [4, ''], 'a file that the output goes to stays empty')
  t.match(plain.stderr, /"title": "The job file is not valid"/)
})

t.test('a job that the cluster has not what it takes for: its document, and none of the manifests of the others', async (t) => {
  const shared = 'name: shop\ncontainers: {app: {image: i, memory: 1G, volumes: [{type: shared, name: data, path: /d, space: 1G}]}}\n'
  const { code, stdout, stderr } = await render(t, ['-f', '-', '-o', 'json'], `${least}---\n${shared}`)
  t.equal(code, 4)
  const document: unknown = JSON.parse(stdout)
  t.strictSame(Object.keys(document as object), ['type', 'title', 'detail', 'job', 'volume'])
  t.match(document, { type: /#no-shared-storage$/, title: 'No shared storage for job', job: 'shop', volume: 'data' })
  t.match(stderr, /^usher job render: shop: The volume data of 1G .* by `--shared-storage-class`; where there is none, `one_node: true` on the volume keeps all instances on one node\.\n$/)
  t.strictSame((await render(t, ['-f', '-'], shared)).stdout, '')
})

const refused: readonly (readonly [args: readonly string[], says: RegExp])[] = [
  [[], /nothing to read: -f FILE/],
  [['-f', 'nowhere.yaml'], /nowhere\.yaml: it cannot be read: there is no such file/],
  [['-f', '.'], /it is a folder/],
  [['-f', sketch, '-o', 'wide'], /--output: "wide" is none of table, json and yaml/],
  [['-f', sketch, '-n', 'Shop'], /--namespace: "Shop" is not a name that a namespace can have/],
  [['-f', sketch, '--kube-version', 'new'], /--kube-version: "new" is not a version/],
  [['-f', sketch, '--gateway', 'main'], /--gateway: "main" is not NAMESPACE\/NAME/],
  [['-f', sketch, '--domain', 'a b'], /--domain: "a b" is not a domain/],
  [['-f', sketch, '--shared-storage-class', ''], /--shared-storage-class: "" is not the name of a class/],
  [['-f', sketch, '--wait-image', ''], /--wait-image: "" is not the name of an image/],
  [['-f', sketch, '--gatway', 'a/b'], /unknown flag --gatway; did you mean --gateway\?/],
]

t.test('what is not understood is wrong usage, in one sentence', async (t) => {
  for (const [args, says] of refused) {
    const { code, stdout, stderr } = await render(t, args)
    t.strictSame({ code, stdout }, { code: 2, stdout: '' }, args.join(' '))
    t.match(stderr, says)
    t.notMatch(stderr, /\n {4}at /, 'no stack')
  }
})

async function render(t: Test, args: readonly string[], stdin: string | Uint8Array = '') {
  const { code, stdout, stderr } = await runUsher(t, ['job', 'render', ...args], { stdin })
  return { code, stdout, stderr }
}
