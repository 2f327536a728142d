import { fileURLToPath } from 'node:url'
import t from 'tap'
import manifest from '../../package.json' with { type: 'json' }
import { until } from '../support/until.ts'
import { dryRun, lockIsInjected, lockIsLeftOut } from './support/breaker.ts'
import { tag, untag } from './support/node-images.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { scaleWebhook } from './support/stand-in.ts'
import { apply, helm, kubectl, list, makeNamespace, setValues, startUsher, systemNamespace } from './support/usher.ts'
import { barePod, hasGotTheLock, hasLock, isLeftAlone, naps, readyPod, startPods } from './support/workloads.ts'

await startUsher(t)
showLogsOfFailure(t)
// The other name of the image stays: pods that were admitted with it may start later.
t.teardown(() => setValues([]))

// Nobody listens there, so that a pull fails at once, and not after as long as a lookup of docker.io takes without DNS.
const repository = '127.0.0.1:1/usher-wait'
const image = `${repository}:${manifest.version}`
await tag(`docker.io/library/usher-wait:${manifest.version}`, image)
const installed = [`waitImage.repository=${repository}`]
await setValues(installed)

// So that turns are short, and deletions too.
const short = { 'usher.dev/lock-lease': '1s', 'usher.dev/nap': '1s' }
const chart = fileURLToPath(new URL('../../deploy/chart', import.meta.url))

t.test('without the webhook, new pods start as they are', async (t) => {
  const namespace = 'gone-webhook'
  await makeNamespace(t, namespace, undefined, short)
  t.teardown(() => scaleWebhook(2))
  await scaleWebhook(0)
  const { plain } = await startPods(namespace, { plain: {} })
  isLeftAlone(t, plain)
})

t.test('without the lock, new pods start without it, and those that wait for it already start, too', async (t) => {
  const namespace = 'gone-lock'
  await makeNamespace(t, namespace, undefined, short)
  await lockIsInjected(namespace)
  const before = await events()
  const admitted = await dryRun(namespace)
  t.teardown(() => setValues(installed))
  await kubectl(['delete', 'daemonset', 'usher-lock', '--namespace', systemNamespace, '--cascade=foreground'])
  // As if it had been admitted a moment before.
  const { annotations } = admitted.metadata
  await apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'early', namespace, annotations }, spec: admitted.spec })
  await lockIsLeftOut(namespace)
  const { later } = await startPods(namespace, { later: {} })
  t.notOk(hasLock(later))
  t.ok(naps(later), 'the nap remains')
  const early = await readyPod(namespace, 'early')
  t.match(early.status.initContainerStatuses, [{ name: 'usher-lock', restartCount: 0, state: { terminated: { exitCode: 0 } } }])
  t.match(await kubectl(['logs', '--namespace', namespace, 'early', '--container=usher-lock']), 'starts without the startup lock')
  t.match(since(before, await events(), 'LockLeftOut'), /no lock is ready on any node/)

  await setValues(installed)
  await lockIsInjected(namespace)
  const { last } = await startPods(namespace, { last: {} })
  await hasGotTheLock(t, last)
  t.match(since(before, await events(), 'LockInjectedAgain'), /the lock is injected/)
})

t.test('while the image of the init container is missing on the node, new pods start without the lock', async (t) => {
  const namespace = 'gone-image'
  await makeNamespace(t, namespace, undefined, short)
  await lockIsInjected(namespace)
  const before = await events()
  await untag(image)
  const putBack = () => tag(`docker.io/library/usher-wait:${manifest.version}`, image)
  t.teardown(putBack)

  await apply(barePod(namespace, 'hanging'))
  const begin = performance.now()
  await lockIsLeftOut(namespace)
  t.comment(`after ${Math.round((performance.now() - begin) / 1_000)} s`)
  const { later } = await startPods(namespace, { later: {} })
  t.notOk(hasLock(later))
  t.match(since(before, await events(), 'LockLeftOut'), /pods hang on their init container usher-lock \([\w/-]+: \w*Image\w*\)/)

  await putBack()
  await hasGotTheLock(t, await readyPod(namespace, 'hanging'))
  await lockIsInjected(namespace)
  const { last } = await startPods(namespace, { last: {} })
  await hasGotTheLock(t, last)
})

t.test('an upgrade to an init container that does not exist keeps no new pods from starting, and can be taken back', async (t) => {
  const namespace = 'gone-upgrade'
  await makeNamespace(t, namespace, undefined, short)
  t.teardown(() => setValues(installed))
  // It would wait for the lock's pods in vain: they hold the image on their nodes.
  await helm('upgrade', 'usher', chart, '--namespace', systemNamespace, '--reset-then-reuse-values', '--set', 'waitImage.tag=nonsense')
  await kubectl(['rollout', 'status', '--namespace', systemNamespace, 'deployment/usher-webhook', '--timeout=120s'])
  await lockIsLeftOut(namespace)
  const { later } = await startPods(namespace, { later: {} })
  t.notOk(hasLock(later))
  t.ok(naps(later), 'the nap remains')

  await setValues(installed)
  // While they end, those of before still answer, and see by now that a lock is there: with the image that does not exist.
  await until('the replicas of before are gone', async () => {
    const replicas = await list<WebhookPod>('get', 'pods', '--namespace', systemNamespace, '--selector', 'app.kubernetes.io/component=webhook')
    return replicas.length === 2 && replicas.every(({ metadata }) => metadata.deletionTimestamp === undefined)
  }, 120_000)
  await lockIsInjected(namespace)
  const { last } = await startPods(namespace, { last: {} })
  await hasGotTheLock(t, last)
})

interface WebhookPod {
  readonly metadata: { readonly deletionTimestamp?: string }
}

interface ClusterEvent {
  readonly metadata: { readonly uid: string }
  readonly involvedObject: { readonly kind: string; readonly name: string }
  readonly reason: string
  readonly message: string
}

/** What has been told of the lock's DaemonSet. */
function events(): Promise<readonly ClusterEvent[]> {
  return list<ClusterEvent>('get', 'events', '--namespace', systemNamespace, '--field-selector', 'involvedObject.kind=DaemonSet,involvedObject.name=usher-lock')
}

/** The messages of the events that are new, and have this reason, each on a line; every replica tells it. */
function since(before: readonly ClusterEvent[], after: readonly ClusterEvent[], reason: string): string {
  const known = new Set(before.map(({ metadata }) => metadata.uid))
  const fresh = after.filter((event) => event.reason === reason && !known.has(event.metadata.uid))
  return fresh.map(({ message }) => message).join('\n')
}
