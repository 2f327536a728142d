import t from 'tap'
import { listAt, objectAt, shown, valueAt } from '../support/pod-reader.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { helm, kubectl, list, makeNamespace, read, startUsher, systemNamespace } from './support/usher.ts'
import { usher } from './support/usher-cli.ts'
import { hasGotTheLock, startPods } from './support/workloads.ts'
import { waitUntil } from './wait.ts'

// With the images that the cluster has: their names are the chart's.
await startUsher(t)
showLogsOfFailure(t)

// What Helm has installed for the tests makes room, and comes back.
await helm('uninstall', 'usher', '--namespace', systemNamespace, '--wait')
await kubectl(['delete', 'namespace', systemNamespace, '--timeout=120s'])

const short = { 'usher.dev/lock-lease': '1s', 'usher.dev/nap': '1s' }

t.test('usher install puts it in and waits until a pod is injected; usher uninstall takes it out; pods stay', async (t) => {
  await makeNamespace(t, 'installed', undefined, short)
  await startPods('installed', { before: {} })
  const running = await identityOf('installed', 'before')
  const empty = await everything()

  const first = await usher(['install', '--timeout', '5m'])
  t.equal(first.code, 0, first.stdout + first.stderr)
  t.match(first.stdout, /^created +MutatingWebhookConfiguration usher$/m)
  t.match(first.stdout, /^usher .* is installed in usher-system: a pod in installed came back with nap and lock \(dry run\)$/m)
  const { web } = await startPods('installed', { web: {} })
  await hasGotTheLock(t, web)
  t.equal((await usher(['check'])).code, 0)

  const versions = await ours()
  const again = await usher(['install'])
  t.equal(again.code, 0, again.stderr)
  t.notMatch(again.stdout, /^(?:created|changed|deleted)/m)
  t.strictSame(await ours(), versions, 'nothing was written')

  const other = await usher(['install', '--dry-run', 'server', '--image', 'usher:other'])
  t.match(other.stdout, /^changed +Deployment usher-webhook \(dry run\)$/m)

  const injected = await identityOf('installed', 'web')
  const gone = await usher(['uninstall', '--yes', '--timeout', '5m'])
  t.equal(gone.code, 0, gone.stdout + gone.stderr)
  t.match(gone.stdout, /^deleted +Namespace usher-system$/m)
  await waitUntil('all is as it was', async () => JSON.stringify(await everything('web')) === JSON.stringify(empty))
  t.strictSame(await identityOf('installed', 'before'), running)
  t.strictSame(await identityOf('installed', 'web'), injected)
})

t.test('an image that is not there: what is missing is said in time, and it can be mended and taken out', async (t) => {
  // Nobody listens there, so that a pull fails at once.
  const late = await usher(['install', '--image', '127.0.0.1:1/usher:none', '--timeout', '20s'])
  t.equal(late.code, 1)
  t.match(late.stdout, /waiting for pod usher-webhook-\S+: webhook \w*Image\w*/)
  t.match(late.stdout, /usher is not up after 20s/)
  t.match(late.stdout, /× webhook-running /)
  const mended = await usher(['install', '--timeout', '5m'])
  t.equal(mended.code, 0, mended.stdout + mended.stderr)
  t.equal((await usher(['uninstall', '--yes', '--timeout', '5m'])).code, 0)
})

// Where it was put in: the cluster, and the namespace of usher.
const kinds = 'namespaces,clusterroles,clusterrolebindings,mutatingwebhookconfigurations'
const ofNamespace = 'serviceaccounts,roles,rolebindings,configmaps,secrets,services,endpointslices,networkpolicies,daemonsets,deployments,replicasets,controllerrevisions,pods,poddisruptionbudgets'

/** All that there is but for this pod; of namespaces their labels, too. */
async function everything(but = ''): Promise<readonly string[]> {
  const found = await list('get', `${kinds},${ofNamespace}`, '--all-namespaces')
  return found.map(signOf).filter((sign) => !sign.endsWith(`/${but}`)).toSorted()
}

async function ours(): Promise<readonly string[]> {
  const found = await list('get', `${kinds},serviceaccounts,roles,rolebindings,configmaps,secrets,services,networkpolicies,poddisruptionbudgets`, '--all-namespaces', '--selector', 'app.kubernetes.io/name=usher')
  const workloads = await list('get', 'daemonsets,deployments', '--all-namespaces', '--selector', 'app.kubernetes.io/name=usher')
  // Their controllers write their status.
  return [...found.map((each) => `${signOf(each)} ${shown(objectAt(each, 'metadata')['resourceVersion'])}`), ...workloads.map((each) => `${signOf(each)} ${shown(objectAt(each, 'metadata')['generation'])}`)]
}

function signOf(object: JsonObject): string {
  const { namespace = '', name, labels } = objectAt(object, 'metadata')
  return `${shown(object['kind'])} ${shown(namespace)}/${shown(name)}${object['kind'] === 'Namespace' ? ` ${JSON.stringify(labels)}` : ''}`
}

/** A pod that was made anew has another one; one that was restarted, too. */
async function identityOf(namespace: string, name: string): Promise<object> {
  const pod = await read('get', 'pod', name, '--namespace', namespace)
  return { uid: objectAt(pod, 'metadata')['uid'], restarts: listAt(pod, 'status', 'containerStatuses').map(({ restartCount }) => restartCount), node: valueAt(pod, 'spec', 'nodeName') }
}
