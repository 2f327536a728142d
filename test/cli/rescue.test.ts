import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { JsonObject } from '../../src/units/json.ts'
import { type AnsweringApiServer, startAnsweringApiServer } from '../support/answering-api-server.ts'
import { hangingPod } from '../support/hanging-pod.ts'
import { finished } from '../support/pod-json.ts'
import { runUsher } from '../support/usher-process.ts'

const pods = '/api/v1/pods'
const web = '/api/v1/namespaces/shop/pods/web'
const flags = ['--image', 'mirror/usher-wait:2', '--yes', '--timeout', '1s']

/** An API server with one pod that hangs, and what runs the command against it. */
async function startCluster(t: Test): Promise<{ readonly api: AnsweringApiServer; readonly rescue: (...args: readonly string[]) => ReturnType<typeof runUsher> }> {
  const api = await startAnsweringApiServer(t, { '/version': {}, [pods]: { items: [hangingPod()] }, [web]: hangingPod() })
  const file = join(t.testdir({}), 'kubeconfig')
  const cluster = { server: api.url, 'insecure-skip-tls-verify': true }
  writeFileSync(file, JSON.stringify({ clusters: [{ name: 'a', cluster }], users: [{ name: 'a', user: {} }], contexts: [{ name: 'a', context: { cluster: 'a', user: 'a' } }], 'current-context': 'a' }))
  return { api, rescue: (...args) => runUsher(t, ['rescue', '--kubeconfig', file, ...args]) }
}

t.test('wrong usage is told', async (t) => {
  for (const [args, message] of [
    [['-o', 'yaml'], '--output: "yaml" is not one of table, json'],
    [['--by', 'force'], '--by: "force" is not one of auto, image, delete'],
    [['--image', ' '], '--image: " " is not the name of an image'],
    [['--by', 'delete', '--image', 'a'], '--image and --by delete exclude each other'],
    [['--dry-run=client'], '--dry-run: "client" is not server'],
    [['--of', 'A_b'], '--of: "A_b" is not a name that a namespace can have'],
    [['web'], '"web" is not a pod as NAMESPACE/POD'],
    [['shop/web', '--of', 'shop'], 'shop/web says its namespace itself: leave out --of'],
    [['shop/a', 'shop/b'], 'one NAMESPACE/POD at a time: "shop/b" is too much'],
    [['--after', 'soon'], '--after: "soon" is not a number of seconds, or a duration such as 90s or 5m, up to 24h'],
    [['--forse'], 'unknown flag --forse'],
  ] as const) t.match(await runUsher(t, ['rescue', ...args]), { code: 2, stderr: `usher rescue: ${message}` })
})

t.test('a pod is changed in the state in which it was seen, or else looked at again', async (t) => {
  const { api, rescue } = await startCluster(t)
  const bodies: unknown[] = []
  api.answers[`PATCH ${web}`] = (body) => {
    bodies.push(body)
    // Its kubelet has written something meanwhile, and something more the next time.
    api.answers[web] = bodies.length === 1 ? hangingPod({ metadata: { resourceVersion: '2' } }) : hangingPod({ state: finished(), metadata: { resourceVersion: '3' } })
    return { refuse: 409, message: 'the object has been modified' }
  }
  const { code, stdout } = await rescue(...flags)
  t.equal(code, 0)
  t.match(stdout, /^shop\/web +freed +is past usher-lock, by itself$/m)
  const changed = (resourceVersion: string): object => ({ metadata: { uid: 'uid-web', resourceVersion }, spec: { initContainers: [{ name: 'usher-lock', image: 'mirror/usher-wait:2' }] } })
  t.strictSame(bodies, [changed('1'), changed('2')])
})

t.test('another pod of the same name is none of those that hang', async (t) => {
  const { api, rescue } = await startCluster(t)
  api.answers[web] = hangingPod({ metadata: { uid: 'another' } })
  t.match(await rescue(...flags), { code: 0, stdout: /^shop\/web +freed +is gone, by itself$/m })
  t.notOk(api.asked.includes(`PATCH ${web}`))
})

t.test('an eviction names the very pod, and what refuses it is told', async (t) => {
  const { api, rescue } = await startCluster(t)
  const sent: unknown[] = []
  api.answers[`POST ${web}/eviction`] = (body) => {
    sent.push(body)
    return { refuse: 429, message: "Cannot evict pod as it would violate the pod's disruption budget." }
  }
  t.match(await rescue('--by', 'delete', '--yes'), { code: 1, stdout: /^shop\/web +failed +the API server answered 429: Cannot evict pod as it would violate the pod's disruption budget\.$/m })
  t.match(sent, [{ kind: 'Eviction', metadata: { namespace: 'shop', name: 'web' }, deleteOptions: { preconditions: { uid: 'uid-web', resourceVersion: '1' } } }])
})

/** Of the ReplicaSet of the pod, and of its next pod. */
const ownerPath = '/apis/apps/v1/namespaces/shop/replicasets/web-6d4cf56db6'
const ownerAnswers = { [ownerPath]: { metadata: { uid: 'uid-owner' }, spec: { template: {} } }, 'POST /api/v1/namespaces/shop/pods': { spec: {} } }

t.test('unasked, no pod is deleted of which nobody knows that it is made anew', async (t) => {
  const { api, rescue } = await startCluster(t)
  const left = async (ownerReferences: readonly JsonObject[] | undefined, words: string): Promise<void> => {
    const pod = hangingPod(ownerReferences === undefined ? {} : { metadata: { ownerReferences } })
    Object.assign(api.answers, { [pods]: { items: [pod] }, [web]: pod })
    const { code, stdout } = await rescue('--yes')
    t.match({ code, stdout }, { code: 1, stdout: ` none (see below)\n\nshop/web   ${words}` })
  }
  await left([{ apiVersion: 'tekton.dev/v1', kind: 'TaskRun', name: 'build', uid: 'u', controller: true }], 'whether TaskRun/build makes it anew is not known, and')
  await left([{ apiVersion: 'batch/v1', kind: 'Job', name: 'migrate', uid: 'u', controller: true }], 'Job/migrate would count its deletion as a failure, and may fail for good, and')
  const unknown = 'what ReplicaSet/web-6d4cf56db6 would make in its place is not known'
  await left(undefined, `${unknown} (the API server answered 404`)
  Object.assign(api.answers, ownerAnswers, { 'POST /api/v1/namespaces/shop/pods': { refuse: 403, message: 'exceeded quota' } })
  await left(undefined, `${unknown} (the API server answered 403: exceeded quota`)
  Object.assign(api.answers, ownerAnswers, { [ownerPath]: { metadata: { uid: 'another' }, spec: { template: {} } } })
  await left(undefined, `${unknown} (it is gone, and another ReplicaSet has its name)`)
  t.notOk(api.asked.some((line) => line.endsWith('/eviction')))

  api.answers[`POST ${web}/eviction`] = {}
  await rescue('--yes', '--by', 'delete', '--timeout', '1s')
  t.ok(api.asked.includes(`POST ${web}/eviction`), 'whoever demands it gets it')
})

t.test('images are those that run in pods of locks, of whatever installation, on the very node', async (t) => {
  const { api, rescue } = await startCluster(t)
  const lock = (image: string, node = 'n1', state: object = { running: {} }): object => ({
    metadata: { namespace: 'usher-system' },
    spec: { nodeName: node, containers: [{ name: 'lock', image: 'usher:1' }, { name: 'hold', image }] },
    status: { containerStatuses: [{ name: 'lock', state: { running: {} } }, { name: 'hold', state }] },
  })
  const planned = async (locks: object | readonly object[], ...args: readonly string[]): Promise<string> => {
    const answer = Array.isArray(locks) ? { items: locks } : locks
    api.answers[pods] = (_body, query) => (query.get('labelSelector') === null ? { items: [hangingPod()] } : answer)
    api.answers['/api/v1/namespaces/usher-system/pods'] = { items: [lock('usher-wait:1')] }
    const { code, stdout } = await rescue(...args)
    t.equal(code, 1, 'nobody has agreed')
    return /^shop\/web +n1 +\S+ +ImagePullBackOff +(.*)$/m.exec(stdout)?.[1] ?? stdout
  }
  t.equal(await planned([lock('usher-wait:1'), lock('usher-wait:2')]), 'image usher-wait:2, which runs on its node', 'installed twice')
  Object.assign(api.answers, ownerAnswers)
  const deleted = /^delete; ReplicaSet\/web-6d4cf56db6 makes it anew, without the lock$/
  t.match(await planned([lock('usher-wait:1'), lock('usher-wait:2')], '--namespace', 'usher-system'), deleted, 'of the one that was chosen')
  t.match(await planned([lock('usher-wait:2', 'n2'), lock('usher-wait:3', 'n1', { waiting: { reason: 'ErrImagePull' } })]), deleted, 'not of another node, nor one that does not run')
  t.match(await planned([]), deleted, 'not installed')
  t.match(await planned({ refuse: 403, message: 'pods is forbidden: User "a" cannot list resource "pods"' }), deleted, 'whoever may not look does without')
})

t.test('what is no API server, and credentials that are not accepted', async (t) => {
  const { api, rescue } = await startCluster(t)
  api.answers[pods] = { refuse: 401, message: 'Unauthorized' }
  t.match(await rescue(), { code: 1, stderr: /answered 401: Unauthorized: the credentials of context a are not accepted; log in again/ })
  delete api.answers['/version']
  t.match(await rescue(), { code: 3, stderr: /answered 404: not found \(context a, http/ })
})
