import t from 'tap'
import { fromKubeconfig } from '../../src/kube/cluster.ts'
import { type ApiRequest, requestJson } from '../../src/kube/request.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { missingCommand } from '../native/support/commands.ts'
import { waiting } from '../support/hanging-pod.ts'
import { listAt, objectAt, valueAt } from '../support/pod-reader.ts'
import { until } from '../support/until.ts'
import { startApiServer } from './api-server.ts'
import { installLocks } from './installed-locks.ts'
import { parseObject } from './pod-template.ts'
import { openShell } from './shell.ts'

// A command line takes a second or two; this only tells a busy machine from a hang.
const patienceMs = 60_000

// Nobody has it.
const missing = '127.0.0.1:1/usher-wait:none'
// That which the chart's locks hold on their nodes.
const held = 'usher-wait:0.1.0'

const server = await startApiServer(t)
const shell = openShell(t, { tools: ['kubernetes', 'helm'], kubeconfig: server.kubeconfig })
const config = fromKubeconfig(server.kubeconfig)
const { signal } = new AbortController()
const send = (method: NonNullable<ApiRequest['method']>, path: string, body?: object): Promise<JsonObject> =>
  requestJson(config, { method, path, body, signal, ...(method === 'PATCH' ? { contentType: 'application/merge-patch+json' } : {}) })

/** A namespace of a test's own, and what is done in it. */
interface Stage {
  /** Creates a pod that was injected, on worker-1, and hangs there since some minutes. */
  hang(name: string, metadata?: JsonObject): Promise<void>
  /** Writes what a kubelet says of a pod's usher-lock. */
  say(name: string, state: JsonObject): Promise<void>
  create(path: string, object: JsonObject): Promise<JsonObject>
  /** Creates a ReplicaSet, and gives what its pods are owned by. */
  own(name: string, template: JsonObject): Promise<JsonObject>
  pod(name: string): Promise<JsonObject>
}

async function makeStage(namespace: string): Promise<Stage> {
  const api = `/api/v1/namespaces/${namespace}`
  await send('POST', '/api/v1/namespaces', { metadata: { name: namespace } })
  await send('POST', `${api}/serviceaccounts`, { metadata: { name: 'default' } })
  const say: Stage['say'] = async (name, state) => {
    const since = timeOf(-300_000)
    const status = {
      phase: 'Pending',
      startTime: since,
      conditions: ['PodScheduled', 'PodReadyToStartContainers'].map((type) => ({ type, status: 'True', lastTransitionTime: since })),
      initContainerStatuses: [{ name: 'usher-lock', image: '', imageID: '', ready: false, restartCount: 0, state }],
    }
    await send('PATCH', `${api}/pods/${name}/status`, { status })
  }
  return {
    say,
    create: (path, object) => send('POST', path, object),
    async hang(name, metadata = {}) {
      await send('POST', `${api}/pods`, { metadata: { name, annotations, ...metadata }, spec: { ...injected, nodeName: 'worker-1' } })
      await say(name, waiting('ImagePullBackOff'))
    },
    async own(name, template) {
      const spec = { replicas: 1, selector: { matchLabels: { app: name } }, template: { metadata: { labels: { app: name } }, spec: template } }
      const made = await send('POST', `/apis/apps/v1/namespaces/${namespace}/replicasets`, { metadata: { name }, spec })
      return { apiVersion: 'apps/v1', kind: 'ReplicaSet', name, uid: objectAt(made, 'metadata')['uid'] ?? '', controller: true }
    },
    pod: (name) => send('GET', `${api}/pods/${name}`),
  }
}

/** A time as Kubernetes writes it, so many milliseconds from now. */
function timeOf(ms: number): string {
  return new Date(Date.now() + ms).toISOString().replace(/\.\d+Z$/, 'Z')
}

const annotations = { 'usher.dev/status': '{"v":1,"init":"lock","was":{"initContainers":"absent"}}' }
const containers = [{ name: 'web', image: 'web:1' }]
const injected = { containers, initContainers: [{ name: 'usher-lock', image: missing, args: ['--max-wait=240s'] }] }

const imageOf = (pod: JsonObject): unknown => listAt(pod, 'spec', 'initContainers')[0]?.['image']

t.test('a bare pod is freed by the image that a lock holds on its node', async (t) => {
  const { hang, say, pod } = await makeStage('bare')
  const locks = await installLocks(server, shell)
  await locks.addNode('worker-1')
  await locks.addLock('worker-1', ['--port=1'])
  t.teardown(() => shell.read('kubectl delete pod usher-lock-worker-1 -n usher-system --force'))
  await hang('tool')

  const dry = await shell.run('usher rescue --dry-run=server')
  t.match(dry, { code: 0, stdout: /^bare\/tool +worker-1 +5m\d*s? +ImagePullBackOff +image usher-wait:0\.1\.0, which runs on its node$/m })
  t.match(dry.stdout, /^1 of 1 pod would be freed$/m)
  t.equal(imageOf(await pod('tool')), missing, 'a dry run changes nothing')

  const rescue = shell.run('usher rescue --yes')
  await until('its image is another', async () => imageOf(await pod('tool')) === held, patienceMs)
  await say('tool', { running: { startedAt: timeOf(0) } })
  t.match(await rescue, { code: 0, stdout: /^bare\/tool +freed +runs usher-lock\n\n1 of 1 pod freed$/m })
  t.match(listAt(await pod('tool'), 'spec', 'initContainers'), [{ name: 'usher-lock', image: held, args: ['--max-wait=240s'] }])
  t.match(await shell.run('usher rescue'), { code: 0, stdout: 'no pod hangs on usher-lock\n' })
  t.match(await shell.run('usher rescue bare/tool'), { code: 0, stdout: 'bare/tool does not hang on usher-lock\n' })
})

t.test('a pod that is still not freed when the time is over is told, with its reason', async (t) => {
  const { hang, pod } = await makeStage('late')
  await hang('tool')
  const { code, stdout } = await shell.run('usher rescue late/tool --image mirror.example.com/usher-wait:2 --yes --timeout 1s -o json')
  t.equal(code, 1)
  t.match(parseObject(stdout), { pods: [{ namespace: 'late', pod: 'tool', node: 'worker-1', kind: 'failing', image: missing, rescue: { by: 'image', image: 'mirror.example.com/usher-wait:2' }, outcome: 'failed', detail: 'has not gone on within 1s: ImagePullBackOff' }] })
  t.equal(imageOf(await pod('tool')), 'mirror.example.com/usher-wait:2')
})

t.test('a pod that has an owner is deleted, whatever its PodDisruptionBudget is, and its successor awaited', async (t) => {
  const { create, hang, own, pod } = await makeStage('owned')
  const owner = await own('web', { containers })
  const metadata = { labels: { app: 'web' }, ownerReferences: [owner] }
  await hang('web-1', metadata)
  await shell.read('kubectl create poddisruptionbudget web -n owned --selector app=web --min-available 1')

  const plan = await shell.run('usher rescue --of owned --dry-run=server')
  t.match(plan, { code: 0, stdout: /^owned\/web-1 .* delete; ReplicaSet\/web makes it anew, without the lock$/m })
  t.equal(valueAt(await pod('web-1'), 'metadata', 'deletionTimestamp'), undefined)

  const rescue = shell.run('usher rescue --of owned --yes')
  await until('it is deleted', async () => valueAt(await pod('web-1'), 'metadata', 'deletionTimestamp') !== undefined, patienceMs)
  // As its controller does.
  await create('/api/v1/namespaces/owned/pods', { metadata: { name: 'web-2', ...metadata }, spec: { containers } })
  t.match(await rescue, { code: 0, stdout: /^owned\/web-1 +freed +web-2 is there in its place, without the lock$/m })
})

t.test('no pod of a run or a Job that might fail for it is deleted unasked', async (t) => {
  const { create, hang, pod } = await makeStage('runs')
  const spec = { backoffLimit: 0, template: { spec: { containers, restartPolicy: 'Never' } } }
  const job = await create('/apis/batch/v1/namespaces/runs/jobs', { metadata: { name: 'migrate' }, spec })
  await hang('migrate-1', { ownerReferences: [{ apiVersion: 'batch/v1', kind: 'Job', name: 'migrate', uid: objectAt(job, 'metadata')['uid'] ?? '', controller: true }] })
  await hang('build-pod', { ownerReferences: [{ apiVersion: 'tekton.dev/v1', kind: 'TaskRun', name: 'build', uid: 'a-uid', controller: true }] })
  const { code, stdout } = await shell.run('usher rescue --of runs --yes')
  t.equal(code, 1)
  t.match(stdout, /^runs\/migrate-1 +Job\/migrate would count its deletion as a failure, and may fail for good, and .*; --by delete all the same$/m)
  t.match(stdout, /^runs\/build-pod +whether TaskRun\/build makes it anew is not known, and .*; --by delete all the same$/m)
  for (const name of ['migrate-1', 'build-pod']) t.equal(valueAt(await pod(name), 'metadata', 'deletionTimestamp'), undefined)

  const demanded = await shell.run('usher rescue --of runs --dry-run=server --by delete')
  t.match(demanded, { code: 0, stdout: /^runs\/migrate-1 .* delete; Job\/migrate counts that as a failure, and may make it anew, without the lock$/m })
  t.match(demanded.stdout, /^runs\/build-pod .* delete; whether TaskRun\/build makes it anew is not known$/m)
})

t.test('nothing is done to what it would not help: told what to do instead', async (t) => {
  const { hang, own, pod } = await makeStage('vain')
  await hang('tool')
  await hang('api-1', { ownerReferences: [await own('api', injected)] })
  const { code, stdout } = await shell.run('usher rescue --of vain --yes')
  t.equal(code, 1)
  t.match(stdout, /^vain\/api-1 +its successor would get usher-lock of the same image: .* or the template of ReplicaSet\/api has it itself/m)
  const byHand = /^vain\/tool +no controller would make it anew, and .*; (kubectl get pod .*) makes it anew by hand$/m.exec(stdout)?.[1] ?? ''
  t.equal(imageOf(await pod('tool')), missing)
  t.equal(valueAt(await pod('api-1'), 'metadata', 'deletionTimestamp'), undefined)

  const replaced = shell.read(byHand)
  await until('it is deleted', async () => valueAt(await pod('tool'), 'metadata', 'deletionTimestamp') !== undefined, patienceMs)
  // As its kubelet does, which lets go of it.
  await send('DELETE', '/api/v1/namespaces/vain/pods/tool', { gracePeriodSeconds: 0 })
  await replaced
  t.strictSame([listAt(await pod('tool'), 'spec', 'initContainers'), listAt(await pod('tool'), 'spec', 'containers')[0]?.['name']], [[], 'web'], 'and that works')
  t.match(await shell.run('usher rescue --of vain --dry-run=server --by delete'), { code: 0, stdout: /^vain\/api-1 .* delete; ReplicaSet\/api makes it anew, with usher-lock of 127\.0\.0\.1:1\/usher-wait:none$/m })
})

t.test('nobody is freed unasked', { skip: missingCommand('script') }, async (t) => {
  const { hang, pod } = await makeStage('asked')
  await hang('tool')
  const line = 'usher rescue --of asked --image mirror/usher-wait:2 --timeout 1s'
  t.match(await shell.run(line), { code: 1, stderr: 'nothing was changed: there is no terminal to ask at; --yes agrees beforehand\n' })
  // On a terminal: what is typed, and its echo.
  const refused = await shell.run(`script --quiet --return --command '${line}' /dev/null`, 'n\n')
  t.match(refused, { code: 1, stdout: /Change the image of usher-lock in 1 pod \(context usher-test\)\? \[y\/N\] / })
  t.match(refused.stdout, 'nothing was changed')
  t.equal(imageOf(await pod('tool')), missing)
  const agreed = await shell.run(`script --quiet --return --command '${line}' /dev/null`, 'y\n')
  t.match(agreed.stdout, /asked\/tool +failed +has not gone on within 1s/)
  t.equal(imageOf(await pod('tool')), 'mirror/usher-wait:2')
})

t.test('missing rights, wrong names and no cluster: a sentence each', async (t) => {
  const { hang } = await makeStage('shop')
  await hang('tool')
  const as = async (name: string, rules: string): Promise<string> => {
    await shell.read(`kubectl create serviceaccount ${name} -n shop`)
    if (rules !== '') await shell.read(`kubectl create role ${name} -n shop ${rules} && kubectl create rolebinding ${name} -n shop --role=${name} --serviceaccount=shop:${name}`)
    const token = (await shell.read(`kubectl create token ${name} -n shop`)).trim()
    return `sed 's/"token":"[^"]*"/"token":"${token}"/' "$KUBECONFIG" > "$HOME/${name}" && chmod 600 "$HOME/${name}" && usher rescue --kubeconfig "$HOME/${name}"`
  }
  const nobody = await shell.run(await as('nobody', ''))
  t.match(nobody, { code: 1, stderr: /usher rescue: the API server answered 403: pods is forbidden: .*choose a context that may/ })
  const looker = await shell.run(`${await as('looker', '--verb=list,get --resource=pods')} --of shop --image mirror/usher-wait:2 --yes`)
  t.match(looker, { code: 1, stdout: /^shop\/tool +failed +the API server answered 403: .*cannot patch resource "pods".*have the right given to you$/m })
  t.match(await shell.run('usher rescue shop/none'), { code: 1, stderr: 'usher rescue: there is no pod shop/none (context usher-test)\n' })
  await server.stop()
  t.match(await shell.run('usher rescue'), { code: 3, stderr: /the cluster \(context usher-test\) cannot be reached at https:\/\/127\.0\.0\.1:\d+: connect ECONNREFUSED/ })
})
