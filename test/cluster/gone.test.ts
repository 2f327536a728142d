import { fileURLToPath } from 'node:url'
import t from 'tap'
import { theCluster } from './cluster-file.ts'
import { nodeImage } from './images/node.ts'
import { ctr } from './node.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { apply, helm, kubectl, list, makeNamespace, setValues, startUsher, systemNamespace } from './support/usher.ts'
import { barePod, hasGotTheLock, hasLock, isLeftAlone, naps, type Pod, readyPod, startPods } from './support/workloads.ts'
import { waitUntil } from './wait.ts'

await startUsher(t)
showLogsOfFailure(t)
t.teardown(() => setValues([]))

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
  t.teardown(() => setValues([]))
  await kubectl(['delete', 'daemonset', 'usher-lock', '--namespace', systemNamespace, '--cascade=foreground'])
  // As if it had been admitted a moment before.
  const { name, annotations } = admitted.metadata
  await apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, annotations }, spec: admitted.spec })
  await lockIsLeftOut(namespace)
  const { later } = await startPods(namespace, { later: {} })
  t.notOk(hasLock(later))
  t.ok(naps(later), 'the nap remains')
  const early = await readyPod(namespace, name)
  t.match(early.status.initContainerStatuses, [{ name: 'usher-lock', restartCount: 0, state: { terminated: { exitCode: 0 } } }])
  t.match(await kubectl(['logs', '--namespace', namespace, name, '--container=usher-lock']), 'goes on without')
  t.match(since(before, await events(), 'LockLeftOut'), [/no lock is ready on any node/])

  await setValues([])
  await lockIsInjected(namespace)
  const { last } = await startPods(namespace, { last: {} })
  await hasGotTheLock(t, last)
  t.match(since(before, await events(), 'LockInjectedAgain'), [/the lock is injected/])
})

t.test('while the image of the init container is missing on the node, new pods start without the lock', async (t) => {
  const namespace = 'gone-image'
  await makeNamespace(t, namespace, undefined, short)
  await lockIsInjected(namespace)
  const before = await events()
  const [node] = theCluster().machines
  if (node === undefined) throw new Error('the cluster has no node')
  const image = `docker.io/library/${(await dryRun(namespace)).spec.initContainers?.[0]?.image}`
  const aside = 'usher.local/aside:1'
  const putBack = async () => {
    await ctr(node, ['images', 'tag', '--force', aside, image])
    await ctr(node, ['images', 'rm', '--sync', aside])
  }
  await ctr(node, ['images', 'tag', '--force', image, aside])
  await ctr(node, ['images', 'rm', '--sync', image])
  let missing = true
  t.teardown(() => (missing ? putBack() : undefined))

  await apply(barePod(namespace, 'hanging'))
  const begin = performance.now()
  await lockIsLeftOut(namespace)
  t.comment(`after ${Math.round((performance.now() - begin) / 1_000)} s`)
  const { later } = await startPods(namespace, { later: {} })
  t.notOk(hasLock(later))
  t.match(since(before, await events(), 'LockLeftOut'), [/pods hang on their init container usher-lock \(gone-image\/hanging: \w*Image\w*\)/])

  await putBack()
  missing = false
  await hasGotTheLock(t, await readyPod(namespace, 'hanging'))
  await lockIsInjected(namespace)
  const { last } = await startPods(namespace, { last: {} })
  await hasGotTheLock(t, last)
})

t.test('an upgrade to an init container that does not exist keeps no new pods from starting, and can be taken back', async (t) => {
  const namespace = 'gone-upgrade'
  await makeNamespace(t, namespace, undefined, short)
  t.teardown(() => setValues([]))
  // It would wait for the lock's pods in vain: they hold the image on their nodes.
  await helm('upgrade', 'usher', chart, '--namespace', systemNamespace, '--reset-values', '--set', 'lock.readers=all', '--set', 'waitImage.tag=nonsense')
  await kubectl(['rollout', 'status', '--namespace', systemNamespace, 'deployment/usher-webhook', '--timeout=120s'])
  await lockIsLeftOut(namespace)
  const { later } = await startPods(namespace, { later: {} })
  t.notOk(hasLock(later))
  t.ok(naps(later), 'the nap remains')

  await setValues([])
  await lockIsInjected(namespace)
  const { last } = await startPods(namespace, { last: {} })
  await hasGotTheLock(t, last)
})

async function scaleWebhook(replicas: number): Promise<void> {
  await kubectl(['scale', 'deployment/usher-webhook', '--namespace', systemNamespace, `--replicas=${replicas}`])
  const pods = ['pod', '--namespace', systemNamespace, '--selector', 'app.kubernetes.io/component=webhook', '--timeout=120s']
  if (replicas === 0) await kubectl(['wait', '--for=delete', ...pods])
  else await kubectl(['rollout', 'status', 'deployment/usher-webhook', '--namespace', systemNamespace, '--timeout=120s'])
}

/** What would become of a pod; nothing is created. */
async function dryRun(namespace: string): Promise<Pod> {
  const image = [`--image=${nodeImage}`, '--image-pull-policy=Never']
  const script = ['--', '-e', 'setInterval(() => {}, 60_000)']
  return JSON.parse(await kubectl(['run', 'early', '--namespace', namespace, ...image, '--dry-run=server', '--output=json', ...script])) as Pod
}

/** Waits until every replica of the webhook leaves the lock out. */
async function lockIsLeftOut(namespace: string): Promise<void> {
  await waitUntil('the lock is left out', async () => (await openBreakers()).every((open) => open) && !hasLock(await dryRun(namespace)))
}

/** Waits until every replica of the webhook injects the lock. */
async function lockIsInjected(namespace: string): Promise<void> {
  await waitUntil('the lock is injected', async () => !(await openBreakers()).some((open) => open) && hasLock(await dryRun(namespace)))
}

/** Of each replica of the webhook, whether its breaker is open. */
async function openBreakers(): Promise<readonly boolean[]> {
  const pods = await list<Pod>('get', 'pods', '--namespace', systemNamespace, '--selector', 'app.kubernetes.io/component=webhook')
  return Promise.all(
    pods.map(async ({ metadata: { name } }) => {
      const metrics = await kubectl(['get', '--raw', `/api/v1/namespaces/${systemNamespace}/pods/${name}:8080/proxy/metrics`])
      return /^usher_webhook_breaker_open\{[^}]*\} 1$/m.test(metrics)
    }),
  )
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

/** The messages of the events that are new, and have this reason; one of each. */
function since(before: readonly ClusterEvent[], after: readonly ClusterEvent[], reason: string): readonly string[] {
  const known = new Set(before.map(({ metadata }) => metadata.uid))
  const fresh = after.filter((event) => event.reason === reason && !known.has(event.metadata.uid))
  return [...new Set(fresh.map(({ message }) => message))]
}
