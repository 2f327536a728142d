import * as fc from 'fast-check'
import t from 'tap'
import type { PodFacts } from '../../src/lock/pods.ts'
import { readPod } from '../../src/lock/read-pod.ts'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { appStatus, crashLooping, finished, podJson, podStatus, statusOf, waitStatus, webContainer } from '../support/pod-json.ts'
import { forAll } from '../support/property.ts'

const running: JsonObject = { running: { startedAt: '2026-11-25T10:00:09Z' } }
const id = 'containerd://1'

function read(pod: JsonObject): PodFacts {
  const facts = readPod(pod)
  if (facts === undefined) throw new Error(`it is no pod: ${JSON.stringify(pod)}`)
  return facts
}

t.test('a pod through its life', async (t) => {
  const bound = {
    uid: 'uid-web', namespace: 'shop', name: 'web', priority: 0, address: undefined, wait: undefined,
    hasProbes: true, isStarted: false, isReady: false, isCrashing: false, isOver: false,
    containers: { total: 1, ready: 0, lacks: 'web: not started' },
    workload: { key: 'shop/uid-owner/6d4cf56db6', name: 'shop/ReplicaSet/web-6d4cf56db6' },
  }
  t.strictSame(read(podJson('web')), bound, 'bound to its node')
  const { status: _, ...withoutStatus } = podJson('web')
  t.strictSame(read(withoutStatus), bound, 'without any status')
  const waiting = { ...bound, address: '10.1.0.5', wait: { id, isFinished: false, message: undefined }, containers: { total: 1, ready: 0, lacks: 'web: PodInitializing' } }
  t.strictSame(read(podJson('web', { status: podStatus.waiting(id, '10.1.0.5') })), waiting, 'it waits')
  const wait = { id, isFinished: true, finishedAt: Date.parse('2026-11-25T10:00:08Z'), message: undefined }
  const started = { ...waiting, wait, isStarted: true, containers: { total: 1, ready: 0, lacks: 'web: readiness probe' } }
  t.strictSame(read(podJson('web', { status: podStatus.started(id, '10.1.0.5') })), started, 'it starts')
  const up = { ...started, isReady: true, containers: { total: 1, ready: 1, lacks: undefined } }
  t.strictSame(read(podJson('web', { status: podStatus.up(id, '10.1.0.5') })), up, 'it is up')
})

t.test('the priority is the one of its spec', async (t) => {
  t.equal(read(podJson('web', { spec: { priority: 2_000_001_000 } })).priority, 2_000_001_000)
  t.equal(read(podJson('web', { spec: { priority: -10 } })).priority, -10)
  t.equal(read(podJson('web', { spec: { priority: null } })).priority, 0)
  t.equal(read(podJson('web', { metadata: { annotations: { priority: '7' } }, spec: { priority: '7' } })).priority, 0)
})

t.test('on the host network its address is the node’s, and not its own', async (t) => {
  const status = podStatus.up(id, '192.0.2.1')
  t.equal(read(podJson('web', { spec: { hostNetwork: true }, status })).address, undefined)
  t.equal(read(podJson('web', { spec: { hostNetwork: false }, status })).address, '192.0.2.1')
  t.equal(read(podJson('web', { status: podStatus.waiting(id, '') })).address, undefined, 'an empty one is none')
})

t.test('probes that say when it is up: of regular containers and native sidecars', async (t) => {
  const [readinessProbe, startupProbe, livenessProbe] = Array.from({ length: 3 }, () => ({ tcpSocket: { port: 80 } }))
  for (const [title, spec, expected] of [
    ['a readiness probe', { containers: [{ name: 'web', readinessProbe }] }, true],
    ['a startup probe', { containers: [{ name: 'web', startupProbe }] }, true],
    ['of the second container alone', { containers: [{ name: 'log' }, { name: 'web', startupProbe }] }, true],
    ['a liveness probe says nothing', { containers: [{ name: 'web', livenessProbe }] }, false],
    ['none', { containers: [{ name: 'web' }, { name: 'log', readinessProbe: null }] }, false],
    ['of a native sidecar', { initContainers: [{ name: 'proxy', restartPolicy: 'Always', startupProbe }], containers: [{ name: 'web' }] }, true],
    ['of no other init container', { initContainers: [{ name: 'migrate', readinessProbe }], containers: [{ name: 'web' }] }, false],
  ] as const satisfies readonly (readonly [string, JsonObject, boolean])[]) {
    t.equal(read(podJson('web', { spec })).hasProbes, expected, title)
  }
})

t.test('a native sidecar counts among its containers, and it has started without', async (t) => {
  const spec = {
    initContainers: [{ name: 'usher-lock' }, { name: 'proxy', restartPolicy: 'Always', startupProbe: { tcpSocket: { port: 15_021 } } }, { name: 'migrate' }],
    containers: [{ name: 'web' }],
  }
  const status = (proxy: JsonObject, web: JsonObject): JsonObject => {
    const all = statusOf('Running', waitStatus(id, finished()), [web])
    return { ...all, initContainerStatuses: [waitStatus(id, finished()), proxy, appStatus('migrate', finished(), true)] }
  }
  const of = (proxy: JsonObject, web: JsonObject): PodFacts => read(podJson('web', { spec, status: status(proxy, web) }))
  const noStart = of(appStatus('proxy', { waiting: { reason: 'ErrImagePull' } }), appStatus('web', { waiting: { reason: 'PodInitializing' } }))
  t.strictSame([noStart.isStarted, noStart.containers], [false, { total: 2, ready: 0, lacks: 'proxy: ErrImagePull' }])
  const probed = of(appStatus('proxy', running), appStatus('web', running, true))
  t.strictSame([probed.isStarted, probed.containers], [true, { total: 2, ready: 1, lacks: 'proxy: startup probe' }])
  t.equal(of(appStatus('proxy', crashLooping), appStatus('web', running)).isStarted, true)
  const restarting = of(appStatus('proxy', finished('', 1)), appStatus('web', running, true))
  t.strictSame([restarting.isStarted, restarting.containers], [true, { total: 2, ready: 1, lacks: 'proxy: Error' }])
  t.strictSame(of(appStatus('proxy', running, true), appStatus('web', running, true)).containers, { total: 2, ready: 2, lacks: undefined })
})

t.test('says what a container lacks to be ready', async (t) => {
  const probe = { exec: { command: ['true'] } }
  for (const [container, status, lacks] of [
    [{ name: 'web', startupProbe: probe, readinessProbe: probe }, appStatus('web', running), 'web: startup probe'],
    [{ name: 'web', startupProbe: probe, readinessProbe: probe }, appStatus('web', running, false, true), 'web: readiness probe'],
    [{ name: 'web', startupProbe: probe }, appStatus('web', running, false, true), 'web: not ready'],
    [{ name: 'web' }, appStatus('web', running), 'web: not ready'],
    [{ name: 'web' }, appStatus('web', crashLooping), 'web: CrashLoopBackOff'],
    [{ name: 'web' }, appStatus('web', finished('', 137)), 'web: Error'],
    [{ name: 'web' }, appStatus('web', { waiting: {} }), 'web: not started'],
    [{ name: 'web' }, appStatus('web', {}), 'web: not started'],
    [{ name: 'web' }, appStatus('other', running, true), 'web: not started'],
    [{}, appStatus('web', running), ': not started'],
  ] as const) {
    t.equal(read(podJson('web', { spec: { containers: [container] }, status: statusOf('Running', waitStatus(id, finished()), [status]) })).containers.lacks, lacks)
  }
})

t.test('has started when all its regular containers run, or have', async (t) => {
  const spec = { containers: [{ name: 'web' }, { name: 'log' }] }
  const of = (...statuses: readonly JsonObject[]): boolean => read(podJson('web', { spec, status: statusOf('Running', waitStatus(id, finished()), statuses) })).isStarted
  t.equal(of(appStatus('web', running), appStatus('log', running)), true)
  t.equal(of(appStatus('web', running), appStatus('log', finished())), true)
  t.equal(of(appStatus('web', running), appStatus('log', { waiting: { reason: 'ContainerCreating' } })), false)
  t.equal(of(appStatus('web', running), appStatus('log', crashLooping)), false)
  t.equal(of(appStatus('web', running)), false, 'nothing is said of the other')
})

t.test('is ready by ContainersReady: readiness gates of load balancers take no CPU', async (t) => {
  const conditions = (...list: readonly (readonly [string, string])[]) => list.map(([type, status]) => ({ type, status }))
  const of = (list: readonly JsonObject[]): boolean => read(podJson('web', { status: { ...podStatus.started(id), conditions: list } })).isReady
  t.equal(of(conditions(['ContainersReady', 'True'], ['Ready', 'False'])), true)
  t.equal(of(conditions(['ContainersReady', 'False'], ['Ready', 'True'])), false)
  t.equal(of(conditions(['ContainersReady', 'Unknown'], ['Initialized', 'True'])), false)
  t.equal(of([]), false)
})

t.test('is over when it has finished or failed, or is being deleted', async (t) => {
  const status = podStatus.up(id, '10.1.0.5')
  t.equal(read(podJson('web', { status })).isOver, false)
  t.equal(read(podJson('web', { status: { ...status, phase: 'Succeeded' } })).isOver, true)
  t.equal(read(podJson('web', { status: { ...status, phase: 'Failed', reason: 'Evicted' } })).isOver, true)
  t.equal(read(podJson('web', { status: { ...status, phase: 'Unknown' } })).isOver, false)
  t.equal(read(podJson('web', { status, metadata: { deletionTimestamp: '2026-11-25T10:01:00Z', deletionGracePeriodSeconds: 30 } })).isOver, true)
})

t.test('crash-loops where any of its containers does', async (t) => {
  const of = (init: readonly JsonObject[], containers: readonly JsonObject[]): boolean => {
    const spec = { initContainers: [{ name: 'usher-lock' }, { name: 'migrate' }, { name: 'proxy', restartPolicy: 'Always' }], containers: [webContainer, { name: 'log' }] }
    const all = statusOf('Running', waitStatus(id, finished()), containers)
    return read(podJson('web', { spec, status: { ...all, initContainerStatuses: [waitStatus(id, finished()), ...init] } })).isCrashing
  }
  t.equal(of([], [appStatus('web', running), appStatus('log', crashLooping)]), true, 'a regular one')
  t.equal(of([appStatus('proxy', crashLooping)], [appStatus('web', running)]), true, 'a native sidecar')
  t.equal(of([appStatus('migrate', crashLooping)], [appStatus('web', { waiting: { reason: 'PodInitializing' } })]), true, 'an init container')
  t.equal(of([], [appStatus('web', finished('', 1)), appStatus('log', { waiting: { reason: 'ImagePullBackOff' } })]), false, 'not yet')
})

t.test('the container that waits: none, waiting, running, finished, and once more', async (t) => {
  const of = (wait: JsonObject) => read(podJson('web', { status: statusOf('Pending', wait, []) })).wait
  t.equal(of(waitStatus(undefined, { waiting: { reason: 'PodInitializing' } })), undefined, 'it has not been made')
  t.equal(of(waitStatus('', { waiting: { reason: 'PodInitializing' } })), undefined)
  t.strictSame(of(waitStatus(id, running)), { id, isFinished: false, message: undefined })
  t.match(of(waitStatus(id, finished(' granted after 3 s\n'))), { id, isFinished: true, message: 'granted after 3 s' })
  t.equal(of(waitStatus(id, finished('x'.repeat(4_096))))?.message, 'x'.repeat(256))
  t.strictSame(of(waitStatus(id, crashLooping)), { id, isFinished: false, message: undefined }, 'it will run again')
  t.match(of(waitStatus(id, finished('', 137))), { id, isFinished: true, message: '' })
  for (const finishedAt of [undefined, null, '', 'soon', 1_795_600_808]) {
    const ended = of(waitStatus(id, { terminated: finishedAt === undefined ? {} : { finishedAt } }))
    t.strictSame(ended, { id, isFinished: true, message: undefined }, 'it is not known when')
  }
  t.equal(of({ ...waitStatus(id, finished()), name: 'migrate' }), undefined, 'another init container')
})

t.test('what is no pod with a name and a uid is none', async (t) => {
  const pod = podJson('web')
  const metadata = isObject(pod['metadata']) ? pod['metadata'] : {}
  for (const nothing of [
    {}, { metadata }, { spec: pod['spec'] ?? null }, { ...pod, metadata: [] }, { ...pod, spec: 'web' }, { ...pod, metadata: null },
    ...['uid', 'namespace', 'name'].flatMap((key) => [undefined, null, 7, {}].map((value) => ({ ...pod, metadata: { ...metadata, [key]: value } }))),
  ]) {
    t.equal(readPod(nothing), undefined, JSON.stringify(nothing))
  }
})

/** The pod with something else, or nothing, somewhere in it. */
function spoilt(pod: JsonObject): fc.Arbitrary<JsonObject> {
  const paths = pathsOf(pod)
  const change = fc.tuple(fc.constantFrom(...paths), fc.option(fc.oneof(fc.jsonValue(), fc.constantFrom(null, '', 0, [], {}, [null], [[]]))))
  return fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) => changes.reduce((found, [path, value]) => changed(found, path, value), pod))
}

function pathsOf(value: unknown, path: readonly string[] = []): (readonly string[])[] {
  const deeper = typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([key, each]) => pathsOf(each, [...path, key])) : []
  return path.length === 0 ? deeper : [path, ...deeper]
}

function changed(pod: JsonObject, path: readonly string[], value: unknown): JsonObject {
  const copy: unknown = structuredClone(pod)
  let here: unknown = copy
  for (const key of path.slice(0, -1)) here = typeof here === 'object' && here !== null ? Reflect.get(here, key) : undefined
  const last = path.at(-1) ?? ''
  if (typeof here === 'object' && here !== null) {
    if (value === undefined) Reflect.deleteProperty(here, last)
    else Reflect.set(here, last, value)
  }
  return isObject(copy) ? copy : {}
}

t.test('never throws, and what it gives is of its types, whatever the JSON', async (t) => {
  const any = fc.jsonValue().map((value) => (isObject(value) ? value : { value: JSON.stringify(value) }))
  const lives = [podStatus.bound(), podStatus.waiting(id, '10.1.0.5'), podStatus.started(id), podStatus.up(id)]
  const real = fc.constantFrom(...lives).chain((status) => spoilt(podJson('web', { status })))
  forAll(t, 0.25, fc.oneof({ weight: 1, arbitrary: any }, { weight: 3, arbitrary: real }), (pod) => {
    const facts = readPod(pod)
    if (facts !== undefined) check(facts)
    return facts !== undefined
  })
})

function check(facts: PodFacts): void {
  const { priority, address, wait, containers: { total, ready, lacks }, ...others } = facts
  const { key, name } = others.workload ?? { key: '', name: '' }
  const texts = [key, name, others.uid, others.namespace, others.name, address ?? '', wait?.id ?? '', wait?.message ?? '', lacks ?? '']
  const flags = [others.hasProbes, others.isStarted, others.isReady, others.isCrashing, others.isOver, wait?.isFinished ?? false]
  const ofTheirTypes = texts.every((each) => typeof each === 'string') && flags.every((each) => typeof each === 'boolean')
  const isCounted = Number.isFinite(priority) && Number.isFinite(wait?.finishedAt ?? 0) && ready <= total && (lacks === undefined) === (ready === total)
  const isBounded = (wait?.message?.length ?? 0) <= 256 && wait?.id !== '' && address !== '' && key.length <= 512 && name.length <= 512
  if (!ofTheirTypes || !isCounted || !isBounded) throw new Error(JSON.stringify(facts))
}
