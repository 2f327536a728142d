import { readdirSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { startApiServer } from './api-server.ts'
import { type Injected, injectedInto, parseObject } from './pod-template.ts'
import { openShell } from './shell.ts'

const folder = join(import.meta.dirname, 'manifests')
const lockOnly = { initContainers: ['usher-lock'], naps: [undefined], graceSeconds: 30, hasStatus: true }

/** What is in each manifest after the injection. */
const expected: Readonly<Record<string, Injected>> = {
  'cronjob.yaml': lockOnly,
  'daemonset.yaml': { initContainers: [], naps: [5], graceSeconds: 35, hasStatus: true },
  'deployment.yaml': { initContainers: ['usher-lock'], naps: [10], graceSeconds: 40, hasStatus: true },
  'job.yaml': lockOnly,
  'pod.yaml': { initContainers: ['usher-lock'], naps: [10, 10], graceSeconds: 40, hasStatus: true },
  'replicaset.yaml': { initContainers: ['usher-lock', 'warm-up'], naps: [10], graceSeconds: 40, hasStatus: true },
  'replicationcontroller.yaml': { initContainers: ['usher-lock'], naps: [10], graceSeconds: 40, hasStatus: true },
  'statefulset.yaml': { initContainers: ['usher-lock'], naps: [10], graceSeconds: 70, hasStatus: true },
}

t.test('each workload kind is accepted by the API server when it is injected', async (t) => {
  const { kubeconfig } = await startApiServer(t)
  const { read, run } = openShell(t, { tools: ['kubernetes'], kubeconfig })
  t.strictSame(readdirSync(folder).toSorted(), Object.keys(expected), 'each manifest has its expectation')

  for (const [file, injected] of Object.entries(expected)) {
    t.test(file, async (t) => {
      const inject = `usher inject -f manifests/${file}`
      const apply = 'kubectl apply --dry-run=server -o json -f -'
      for (const flags of ['', ' --validate=strict', ' --validate=strict --server-side']) {
        const { code, stdout, stderr } = await run(`${inject} -q | ${apply}${flags}`)
        t.equal(code, 0, `accepted with${flags || ' no flags'}`)
        t.equal(stderr, '', 'neither usher nor the API server warns of anything')
        t.strictSame(injectedInto(parseObject(stdout)), injected)
      }
      t.equal(await read(`${inject} | usher uninject -f -`), await read(`cat manifests/${file}`), 'and can be taken out again')
    })
  }
})

t.test('a folder of manifests is accepted in every format that usher writes', async (t) => {
  const { kubeconfig } = await startApiServer(t)
  const { read } = openShell(t, { tools: ['kubernetes'], kubeconfig })
  for (const format of ['', '-o yaml', '-o json']) {
    const said = await read(`usher inject -f manifests ${format} | kubectl apply --dry-run=server -f -`)
    t.equal(said.match(/ created \(server dry run\)$/gm)?.length, Object.keys(expected).length, format)
  }
})

t.test('the example manifests are accepted when they are injected', async (t) => {
  const { kubeconfig } = await startApiServer(t)
  const { read, run } = openShell(t, { tools: ['kubernetes'], kubeconfig })
  await read('kubectl create namespace shop')
  await read('kubectl create serviceaccount default -n shop')
  const { code, stdout, stderr } = await run('usher inject -q -f ../../deploy/examples | kubectl apply --dry-run=server --validate=strict -f -')
  t.equal(code, 0)
  t.equal(stderr, '', 'neither usher nor the API server warns of anything')
  const examples = readdirSync(join(import.meta.dirname, '../../deploy/examples'))
  t.equal(stdout.match(/ created \(server dry run\)$/gm)?.length, examples.length)
})
