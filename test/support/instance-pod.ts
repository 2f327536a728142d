import { isObject, type Json, type JsonObject } from '../../src/units/json.ts'

/** When a pod of {@link instancePod} was made, and so many seconds later; as the API server writes times. */
export function after(seconds: number): string {
  return new Date(createdMs + seconds * 1_000).toISOString().replace('.000Z', 'Z')
}

/** The same in milliseconds since 1970. */
export function afterMs(seconds: number): number {
  return createdMs + seconds * 1_000
}

const createdMs = Date.parse('2026-11-26T08:00:00Z')

/** What is not as usual of a pod. Seconds since it was made. */
export interface InstanceParts {
  readonly name?: string
  readonly metadata?: JsonObject
  readonly spec?: JsonObject
  readonly status?: JsonObject
  /** Of the init container usher-lock; undefined: the pod has none. */
  readonly lock?: JsonObject | undefined
  /** What the status says of the container `web`; undefined: nothing. */
  readonly web?: JsonObject | undefined
  /** Conditions: `Ready: [false, 3]` is False since the third second. */
  readonly conditions?: Readonly<Record<string, readonly [boolean, number, JsonObject?]>>
}

/** A pod of a Deployment `web` on node-2 with usher-lock and a container `web` that has a readiness probe, as the API server has it. */
export function instancePod({ name = 'web-7d9f8-x2k4d', metadata = {}, spec = {}, status = {}, lock, web, conditions = {} }: InstanceParts = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      uid: `uid-${name}`,
      creationTimestamp: after(0),
      labels: { app: 'web', 'pod-template-hash': '7d9f8' },
      annotations: { 'usher.dev/status': '{"v":1,"init":"lock"}' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-7d9f8', uid: 'uid-web-7d9f8', controller: true }],
      ...metadata,
    },
    spec: {
      nodeName: 'node-2',
      restartPolicy: 'Always',
      initContainers: [{ name: 'usher-lock', image: 'usher-wait:1', args: ['--max-wait=240s'] }],
      containers: [{ name: 'web', image: 'registry.example.com/web:2', readinessProbe: { httpGet: { path: '/', port: 8080 } } }],
      ...spec,
    },
    status: {
      phase: 'Pending',
      startTime: after(1),
      conditions: Object.entries<readonly [boolean, number, JsonObject?]>({ PodScheduled: [true, 0], ...conditions }).map(([type, [isTrue, seconds, more]]) => ({ type, status: isTrue ? 'True' : 'False', lastProbeTime: null, lastTransitionTime: after(seconds), ...more })),
      ...(lock === undefined ? {} : { initContainerStatuses: [{ name: 'usher-lock', image: 'usher-wait:1', containerID: 'containerd://lock', ready: isObject(lock['terminated']) && lock['terminated']['exitCode'] === 0, started: false, restartCount: 0, state: lock }] }),
      ...(web === undefined ? {} : { containerStatuses: [containerStatus('web', web)] }),
      ...status,
    },
  }
}

/** The status of a container; of one that runs and is ready unless said otherwise. */
export function containerStatus(name: string, status: JsonObject): JsonObject {
  // One that has never run has no id.
  const hasRun = status['lastState'] !== undefined || !(isObject(status['state']) && 'waiting' in status['state'])
  return { name, image: `${name}:2`, ...(hasRun ? { containerID: `containerd://${name}` } : {}), ready: false, started: false, restartCount: 0, lastState: {}, ...status }
}

/** States of a container. */
export const states = {
  waiting: (reason: string, message?: string): JsonObject => ({ waiting: { reason, ...(message === undefined ? {} : { message }) } }),
  running: (seconds: number): JsonObject => ({ running: { startedAt: after(seconds) } }),
  ended: (code: number, from: number, to: number, more: Readonly<Record<string, Json>> = {}): JsonObject => ({ terminated: { exitCode: code, reason: code === 0 ? 'Completed' : 'Error', startedAt: after(from), finishedAt: after(to), ...more } }),
} as const

const done = states.ended(0, 2, 10)

/** Pods from the life of a Deployment. */
export const instancePods = {
  /** No node takes it. */
  unschedulable: (message: string): JsonObject =>
    instancePod({ spec: { nodeName: undefined }, status: { phase: 'Pending', startTime: undefined }, conditions: { PodScheduled: [false, 0, { reason: 'Unschedulable', message }] } }),
  /** usher-lock waits. */
  waiting: (parts: InstanceParts = {}): JsonObject =>
    instancePod({ lock: states.running(2), web: { state: states.waiting('PodInitializing') }, conditions: { PodReadyToStartContainers: [true, 2], Initialized: [false, 1], Ready: [false, 1, { reason: 'ContainersNotReady' }], ContainersReady: [false, 1] }, ...parts }),
  /** Its container runs, and has not been ready. */
  starting: (parts: InstanceParts = {}): JsonObject =>
    instancePod({ lock: done, web: { started: true, state: states.running(11) }, status: { phase: 'Running', ...parts.status }, conditions: { PodReadyToStartContainers: [true, 2], Initialized: [true, 10], Ready: [false, 1, { reason: 'ContainersNotReady' }], ContainersReady: [false, 1] }, ...without(parts) }),
  ready: (parts: InstanceParts = {}): JsonObject =>
    instancePod({ lock: done, web: { ready: true, started: true, state: states.running(11) }, status: { phase: 'Running', ...parts.status }, conditions: { PodReadyToStartContainers: [true, 2], Initialized: [true, 10], Ready: [true, 20], ContainersReady: [true, 20] }, ...without(parts) }),
  /** It was ready for 40 seconds. */
  unready: (parts: InstanceParts = {}): JsonObject =>
    instancePod({ lock: done, web: { started: true, state: states.running(11) }, status: { phase: 'Running', ...parts.status }, conditions: { PodReadyToStartContainers: [true, 2], Initialized: [true, 10], Ready: [false, 60, { reason: 'ContainersNotReady' }], ContainersReady: [false, 60] }, ...without(parts) }),
} as const

function without({ status: _status, ...parts }: InstanceParts): InstanceParts {
  return parts
}
