import t from 'tap'
import { hasLock, type Instance, instanceOf } from '../../../src/job/instances/instance.ts'
import type { LockPlace } from '../../../src/job/instances/lock-place.ts'
import type { InstanceSources } from '../../../src/job/instances/sight.ts'
import type { JsonObject } from '../../../src/units/json.ts'
import { after, afterMs, containerStatus, instancePod, instancePods, states } from '../../support/instance-pod.ts'

/** How a pod is, so many seconds after it was made. */
const see = (pod: JsonObject, seconds: number, sources: Omit<InstanceSources, 'nowMs'> = {}): Instance => instanceOf(pod, { nowMs: afterMs(seconds), ...sources })

/** What a test looks at of it. */
const short = ({ state, label, reason, isTrouble, sinceMs }: Instance) => ({ state, label, reason, isTrouble, since: sinceMs === 0 ? undefined : (sinceMs - afterMs(0)) / 1_000 })

t.test('an instance has the names of its pod, its node, and the restarts of all its containers', async (t) => {
  const pod = instancePods.ready({ web: { ready: true, started: true, restartCount: 2, state: states.running(11) } })
  t.match(see(pod, 90), { name: 'web-7d9f8-x2k4d', namespace: 'shop', uid: 'uid-web-7d9f8-x2k4d', node: 'node-2', restarts: 2 })
  t.equal(see(instancePods.unschedulable(''), 1).node, undefined)
})

t.test('pending: without a node, for the reason that the scheduler gives', async (t) => {
  const message = '0/3 nodes are available: 3 Insufficient memory. preemption: 0/3 nodes are available: 3 No preemption victims found for incoming pod.'
  const pod = instancePods.unschedulable(message)
  t.strictSame(short(see(pod, 90)), { state: 'Pending', label: 'Pending: Unschedulable', reason: 'Unschedulable', isTrouble: true, since: 0 })
  t.equal(see(pod, 90).why, message)
  const gated = instancePod({ spec: { nodeName: undefined, schedulingGates: [{ name: 'example.com/quota' }] }, status: { startTime: undefined }, conditions: { PodScheduled: [false, 0, { reason: 'SchedulingGated' }] } })
  t.match(see(gated, 90), { state: 'Pending', reason: 'SchedulingGated', why: /scheduling gates are removed: example.com\/quota/, isTrouble: false })
  const nominated = instancePod({ spec: { nodeName: undefined }, status: { nominatedNodeName: 'node-3' }, conditions: { PodScheduled: [false, 0, { reason: 'Unschedulable', message }] } })
  t.match(see(nominated, 5), { reason: 'Preempting', why: /on node-3, once the pods are gone whose place it takes/ })
  const fresh = instancePod({ spec: { nodeName: undefined, schedulerName: 'slow' }, status: { conditions: [] } })
  t.match(see(fresh, 5), { reason: 'NotScheduled', isTrouble: false })
  t.match(see(fresh, 90), { reason: 'NoScheduler', isTrouble: true, why: 'no scheduler has looked at it for 90s; the one that it asks for is slow' })
})

const queued = (more: Partial<Extract<LockPlace, { readonly kind: 'queued' }>> = {}): LockPlace => ({ kind: 'queued', position: 3, waitedSeconds: 12, holders: [{ pod: 'shop/api-1', heldSeconds: 7, lacks: 'api: readiness probe' }, { pod: 'shop/api-2', heldSeconds: 2 }], gates: [], ...more })

t.test('queued: its place, who starts before it, and a gate that is closed, as its lock says it', async (t) => {
  const pod = instancePods.waiting()
  t.strictSame(short(see(pod, 30, { lock: queued() })), { state: 'Queued', label: 'Queued for the lock #3', reason: 'Queued', isTrouble: false, since: 18 })
  t.equal(see(pod, 30, { lock: queued() }).why, 'shop/api-1 starts now on node-2 (for 7s, api: readiness probe) and 1 more; 2 before it')
  t.equal(see(pod, 30, { lock: queued({ position: 1, holders: [] }) }).why, 'it is next on node-2')
  const closed = see(pod, 30, { lock: queued({ gates: [{ name: 'tcp://db:5432', reason: 'connection refused', closedSeconds: 95 }] }) })
  t.match(closed, { reason: 'GateClosed', label: 'Queued for the lock #3', why: 'gate tcp://db:5432 of node-2 has been closed for 95s (connection refused); 2 before it' })
})

t.test('gated: what it depends on, as its lock says it', async (t) => {
  const lock: LockPlace = { kind: 'gated', waitedSeconds: 40, waitsFor: [{ target: 'job/db', state: 'Degraded 0/1' }, { target: 'service/shop/redis' }] }
  t.match(see(instancePods.waiting(), 60, { lock: { ...lock, cycle: ['job/db', 'deployment/shop/web'] } }).why, 'service/shop/redis, which waits for it in turn (job/db, deployment/shop/web)')
  const seen = see(instancePods.waiting(), 60, { lock })
  t.strictSame(short(seen), { state: 'Gated', label: 'Gated: waits for job/db, service/shop/redis', reason: 'Gated', isTrouble: false, since: 20 })
  t.equal(seen.why, 'waits for job/db (Degraded 0/1), service/shop/redis (usher.dev/depends-on); it holds no permit meanwhile')
})

t.test('where the lock is not asked, the last line of usher-lock tells, or else that it waits', async (t) => {
  const pod = instancePods.waiting()
  const by = (lastLine: string) => see(pod, 30, { lastLine })
  t.match(by('waiting for the startup lock of this node: 3 ahead (holder shop/api-7f9, 12 s)'), { state: 'Queued', label: 'Queued for the lock #4', reason: 'Queued', sinceMs: afterMs(2) })
  t.match(by('waiting for the startup lock of this node: next'), { label: 'Queued for the lock #1' })
  t.match(by('waiting for the startup lock of this node: waiting for tcp://db:5432 (connection refused, 12 s), next'), { label: 'Queued for the lock #1', reason: 'GateClosed' })
  t.match(by('waiting for the startup lock of this node'), { label: 'Queued for the lock', why: 'usher-lock says: waiting for the startup lock of this node' })
  t.match(by('waiting for the startup lock of this node: no lock answers at 192.0.2.1:8888 (connection refused)'), { label: 'Queued: no lock answers', reason: 'NoLock', why: /starts without the lock when it has waited long enough/ })
  t.match(by('asking for the startup lock of this node at 192.0.2.1:8888'), { label: 'Queued for the lock', reason: 'Asking' })
  t.match(by('waiting for the startup lock of this node: waiting for service/redis (0 of 2 endpoints ready), 12 s'), { state: 'Gated', label: 'Gated: waits for service/redis', why: /^usher-lock says: / })
  t.match(by('what nobody knows'), { state: 'Queued', label: 'Queued for the lock', why: 'usher-lock waits for the startup lock of node-2' })
  const dependent = instancePods.waiting({ metadata: { annotations: { 'usher.dev/status': '{"v":1}', 'usher.dev/depends-on': 'job/db' } } })
  t.match(see(dependent, 30), { state: 'Gated', why: 'usher-lock waits for job/db (usher.dev/depends-on), and then for the startup lock of node-2' })
})

t.test('gated: usher-lock fails for what it depends on, where its author wants it to, and waits anew', async (t) => {
  const failed = states.ended(4, 2, 602, { message: 'what the pod depends on is not healthy: job/db (there is none, timed out after 600 s)' })
  t.match(see(instancePods.waiting({ lock: failed }), 610), { state: 'Gated', label: 'Gated: DependencyFailed', reason: 'DependencyFailed', isTrouble: true, why: /^what the pod depends on is not healthy: job\/db .*waits anew$/ })
  t.match(see(instancePods.waiting({ lock: states.ended(1, 2, 3) }), 610), { state: 'Unhealthy' }, 'any other failure is one')
})

t.test('what an unknown pod calls usher-lock is an init container as any other', async (t) => {
  const pod = instancePods.waiting({ metadata: { annotations: {} } })
  t.equal(hasLock(pod), false)
  t.equal(hasLock(instancePods.waiting()), true)
  t.match(see(pod, 30), { state: 'Starting', reason: 'Initializing', why: 'init container usher-lock runs (for 28s)', container: 'usher-lock' })
})

t.test('starting: what each container waits for', async (t) => {
  t.match(see(instancePods.starting(), 15), { state: 'Starting', label: 'Starting', reason: 'ReadinessProbe', why: 'the readiness probe of web has not passed yet (for 4s)', sinceMs: afterMs(11), isTrouble: false, container: 'web' })
  const withStartup = { containers: [{ name: 'web', image: 'web:2', startupProbe: {}, readinessProbe: {} }] }
  t.match(see(instancePods.starting({ spec: withStartup, web: { started: false, state: states.running(11) } }), 15), { reason: 'StartupProbe' })
  t.match(see(instancePods.starting({ spec: withStartup }), 15), { reason: 'ReadinessProbe' }, 'once the startup probe has passed')
  t.match(see(instancePods.starting({ spec: { containers: [{ name: 'web' }] } }), 15), { reason: 'NotReady', why: 'web runs, and is not ready yet' })
  t.match(see(instancePods.starting({ web: { state: states.waiting('PodInitializing') } }), 11), { reason: 'PodInitializing', why: 'web is not started yet' })
  const untaken = instancePod({ status: { startTime: undefined } })
  t.match(see(untaken, 5), { reason: 'NotTaken', why: 'node-2 has not taken it yet (for 5s)', isTrouble: false })
  t.match(see(untaken, 90), { reason: 'NotTaken', why: /is its kubelet well\?/, isTrouble: true })
  const unmade = instancePod({ web: { state: states.waiting('ContainerCreating') }, conditions: { PodReadyToStartContainers: [false, 1] } })
  t.match(see(unmade, 5), { reason: 'NoSandbox', why: 'its volumes and its network are made ready on node-2 (for 5s)', isTrouble: false })
  t.match(see(unmade, 90), { isTrouble: true })
  const gates = { readinessGates: [{ conditionType: 'example.com/attached' }] }
  const conditions = { Initialized: [true, 10], ContainersReady: [true, 20], Ready: [false, 1, { reason: 'ReadinessGatesNotReady' }] } as const
  t.match(see(instancePods.starting({ spec: gates, web: { ready: true, started: true, state: states.running(11) }, conditions }), 30), { reason: 'ReadinessGates', why: /waits for its readiness gates: example.com\/attached/, sinceMs: afterMs(20) })
  t.match(see(instancePods.waiting(), 30, { lock: { kind: 'holds', heldSeconds: 1, isStatusOld: false } }), { state: 'Starting', reason: 'Granted', why: 'it has the startup lock of node-2, and begins to start' })
})

t.test('starting: an image that cannot be had, and a container that cannot be made, are named with what the kubelet says', async (t) => {
  const message = 'Back-off pulling image "registry.example.com/web:2": ErrImagePull: not found'
  const pulling = see(instancePods.starting({ web: { state: states.waiting('ImagePullBackOff', message) } }), 60)
  t.match(pulling, { state: 'Starting', label: 'Starting: ImagePullBackOff', reason: 'ImagePullBackOff', isTrouble: true, container: 'web' })
  t.equal(pulling.why, `the image registry.example.com/web:2 of web cannot be had: ${message}`)
  for (const reason of ['ErrImagePull', 'ErrImageNeverPull', 'InvalidImageName', 'ImageInspectError']) t.match(see(instancePods.starting({ web: { state: states.waiting(reason) } }), 60), { label: `Starting: ${reason}`, isTrouble: true })
  t.match(see(instancePods.starting({ web: { state: states.waiting('CreateContainerConfigError', 'secret "db" not found') } }), 60), { label: 'Starting: CreateContainerConfigError', why: 'web cannot be made: secret "db" not found' })
  const own = see(instancePods.waiting({ lock: states.waiting('ImagePullBackOff') }), 60)
  t.match(own, { state: 'Starting', label: 'Starting: ImagePullBackOff', why: 'the image usher-wait:1 of init container usher-lock cannot be had', container: 'usher-lock' })
})

t.test('init containers come one after the other, and native sidecars are through when they are started', async (t) => {
  const spec = { initContainers: [{ name: 'migrate', image: 'x' }, { name: 'proxy', image: 'y', restartPolicy: 'Always', startupProbe: {} }, { name: 'last', image: 'z' }] }
  const init = (...statuses: readonly JsonObject[]): JsonObject => instancePods.waiting({ spec, lock: undefined, metadata: { annotations: {} }, status: { phase: 'Pending', startTime: after(1), initContainerStatuses: statuses } })
  const migrate = (state: JsonObject, more: JsonObject = {}) => containerStatus('migrate', { state, ...more })
  t.match(see(init(migrate(states.running(2))), 10), { reason: 'Initializing', container: 'migrate' })
  const done = migrate(states.ended(0, 2, 4), { ready: true })
  t.match(see(init(done, containerStatus('proxy', { state: states.running(5) })), 10), { reason: 'StartupProbe', why: 'the startup probe of sidecar proxy has not passed yet (for 5s)', container: 'proxy' })
  const started = containerStatus('proxy', { state: states.running(5), started: true })
  t.match(see(init(done, started, containerStatus('last', { state: states.waiting('PodInitializing') })), 10), { reason: 'PodInitializing', container: 'last' })
  const failed = see(init(migrate(states.ended(1, 2, 4, { message: 'no such table\n' }))), 10)
  t.match(failed, { state: 'Unhealthy', container: 'migrate', why: 'init container migrate ended with exit code 1: no such table, not restarted yet' })
  const looping = migrate(states.waiting('CrashLoopBackOff', 'back-off 40s restarting failed container=migrate pod=web'), { restartCount: 3, lastState: states.ended(127, 2, 4) })
  t.match(see(init(looping), 10), { state: 'Unhealthy', label: 'Unhealthy: CrashLoopBackOff', why: 'init container migrate ended with exit code 127 (its command was not found), restarted 3 times; it is started again after a pause (CrashLoopBackOff, 40s)' })
})

t.test('healthy: ready, with whatever containers, with usher and without', async (t) => {
  t.strictSame(short(see(instancePods.ready(), 90)), { state: 'Healthy', label: 'Healthy', reason: '', isTrouble: false, since: 20 })
  t.match(see(instancePods.ready({ spec: { initContainers: [] }, lock: undefined, metadata: { annotations: {} } }), 90), { state: 'Healthy' })
})

t.test('unhealthy: it was ready, and is not', async (t) => {
  t.match(see(instancePods.unready(), 90), { state: 'Unhealthy', label: 'Unhealthy: ReadinessProbe', why: 'the readiness probe of web fails; it was ready before', sinceMs: afterMs(60), isTrouble: true })
  const noInit = { spec: { initContainers: [], containers: [{ name: 'web' }] }, lock: undefined, metadata: { annotations: {} } }
  t.match(see(instancePods.unready(noInit), 90), { state: 'Unhealthy', why: 'web is not ready any more' })
  const fresh = { Initialized: [true, 1], PodReadyToStartContainers: [true, 3], Ready: [false, 1], ContainersReady: [false, 1] } as const
  t.match(see(instancePods.starting({ ...noInit, conditions: fresh }), 12), { state: 'Starting' }, 'one without init containers that has never been ready')
  const lost = { Initialized: [true, 10], ContainersReady: [true, 20], Ready: [false, 100] } as const
  t.match(see(instancePods.unready({ web: { ready: true, started: true, state: states.running(11) }, conditions: lost }), 120), { state: 'Unhealthy', reason: 'NodeNotReady', why: 'its node node-2 is not heard: whether it runs is not known', sinceMs: afterMs(100) })
})

t.test('unhealthy: a container that ends again and again, with its last exit', async (t) => {
  const oom = states.ended(137, 40, 58, { reason: 'OOMKilled' })
  const looping = see(instancePods.unready({ web: { restartCount: 4, state: states.waiting('CrashLoopBackOff', 'back-off 1m20s restarting failed container=web pod=web_shop(x)'), lastState: oom } }), 70)
  t.strictSame(short(looping), { state: 'Unhealthy', label: 'Unhealthy: CrashLoopBackOff', reason: 'CrashLoopBackOff', isTrouble: true, since: 58 })
  t.equal(looping.why, 'web ended with exit code 137 (OOMKilled: it used more memory than its limit), restarted 4 times; it is started again after a pause (CrashLoopBackOff, 1m20s)')
  t.match(see(instancePods.starting({ web: { state: states.ended(1, 11, 12) } }), 13), { state: 'Unhealthy', label: 'Unhealthy: Error', why: 'web ended with exit code 1, not restarted yet' }, 'before the first pause')
  const again = { started: true, restartCount: 1, state: states.running(14), lastState: states.ended(139, 11, 12) }
  t.match(see(instancePods.starting({ web: again }), 20), { state: 'Unhealthy', label: 'Unhealthy: Error', why: 'web ended with exit code 139 (SIGSEGV), restarted once; it runs again' }, 'between two exits')
  t.match(see(instancePods.starting({ web: again }), 700), { state: 'Starting' }, 'and not for ever')
  const sidecar = { spec: { initContainers: [{ name: 'usher-lock' }, { name: 'db', restartPolicy: 'Always' }] } }
  const down = instancePods.unready({ ...sidecar, web: { ready: true, started: true, state: states.running(11) }, status: { phase: 'Running', initContainerStatuses: [containerStatus('usher-lock', { ready: true, state: states.ended(0, 2, 10) }), containerStatus('db', { restartCount: 2, state: states.waiting('CrashLoopBackOff'), lastState: states.ended(1, 50, 59) })] } })
  t.match(see(down, 70), { state: 'Unhealthy', container: 'db', why: /^db ended with exit code 1, restarted 2 times/ }, 'a native sidecar counts as well')
})

t.test('after a reboot the status of before counts for nothing that the lock says otherwise', async (t) => {
  const stale = instancePods.ready()
  t.match(see(stale, 5_000, { lock: queued() }), { state: 'Queued', label: 'Queued for the lock #3' })
  t.match(see(stale, 5_000, { lock: { kind: 'holds', heldSeconds: 1, isStatusOld: true } }), { state: 'Starting', reason: 'StatusOld' })
  t.match(see(stale, 5_000, { lock: { kind: 'holds', heldSeconds: 1, isStatusOld: false } }), { state: 'Healthy' })
})

t.test('a pod that its node starts anew is not unhealthy for what was before', async (t) => {
  const before = { restartCount: 1, lastState: states.ended(255, 11, 4_000, { reason: 'Unknown' }) }
  const conditions = { PodReadyToStartContainers: [true, 5_002], Initialized: [true, 10], Ready: [false, 5_000], ContainersReady: [false, 5_000] } as const
  const waits = instancePods.waiting({ lock: states.running(5_003), web: { ...before, state: states.ended(255, 11, 4_000, { reason: 'Unknown' }) }, conditions, status: { phase: 'Running', startTime: after(1) } })
  t.match(see(waits, 5_010), { state: 'Queued' }, 'usher-lock runs again, whatever is left of the containers after it')
  const starts = instancePods.starting({ lock: states.ended(0, 5_003, 5_020), web: { ...before, started: true, state: states.running(5_021) }, conditions })
  t.match(see(starts, 5_030), { state: 'Starting', reason: 'ReadinessProbe' })
  t.match(see(instancePods.starting({ lock: states.ended(0, 5_003, 5_020), web: { ...before, started: true, state: states.running(5_021) }, conditions: { ...conditions, Ready: [false, 5_060] } }), 5_070), { state: 'Unhealthy' }, 'it was ready in this start')
})

t.test('ending: because of what, and how long it may take yet', async (t) => {
  const metadata = { deletionTimestamp: after(130), deletionGracePeriodSeconds: 30 }
  const conditions = (reason: string) => ({ Ready: [true, 20], DisruptionTarget: [true, 100, { reason }] }) as const
  t.match(see(instancePods.ready({ metadata }), 110), { state: 'Ending', label: 'Ending', reason: 'Deleted', why: 'it is deleted; it has 20s left to end', sinceMs: afterMs(100), isTrouble: false })
  t.match(see(instancePods.ready({ metadata, conditions: conditions('EvictionByEvictionAPI') }), 110), { reason: 'EvictionByEvictionAPI', why: /^it is evicted, as a drain/ })
  t.match(see(instancePods.ready({ metadata, conditions: conditions('PreemptionByScheduler') }), 110), { why: /^a pod of higher priority takes its place/ })
  t.match(see(instancePods.ready({ metadata }), 200), { reason: 'EndOverdue', why: 'it is deleted; it should have ended 70s ago: its kubelet (node-2) does not confirm it', isTrouble: true })
  t.match(see(instancePods.ready({ metadata: { ...metadata, finalizers: ['example.com/dns'] } }), 200), { why: /it is held by example.com\/dns$/ })
  t.match(see(instancePods.ready({ metadata }), 110, { lock: queued() }), { state: 'Ending' }, 'whatever the lock says')
})

t.test('done and failed', async (t) => {
  t.match(see(instancePod({ web: { state: states.ended(0, 11, 50) }, status: { phase: 'Succeeded' } }), 90), { state: 'Done', label: 'Done', isTrouble: false, sinceMs: afterMs(50) })
  t.match(see(instancePod({ web: { state: states.ended(3, 11, 50) }, status: { phase: 'Failed' } }), 90), { state: 'Failed', label: 'Failed: Error', why: 'web ended with exit code 3', container: 'web', isTrouble: true })
  t.match(see(instancePod({ status: { phase: 'Failed', reason: 'Evicted', message: 'The node was low on resource: ephemeral-storage.' } }), 90), { label: 'Failed: Evicted', reason: 'Evicted', why: 'The node was low on resource: ephemeral-storage.' })
})

t.test('a pod that says nothing of itself is seen all the same', async (t) => {
  for (const pod of [{}, { metadata: null, spec: null, status: null }, { spec: { nodeName: 'n', containers: 'x' }, status: { containerStatuses: [null], conditions: {} } }] as readonly JsonObject[]) {
    t.type(see(pod, 1).why, 'string')
  }
})
