import type { Json, JsonObject } from '../../src/units/json.ts'

/** Parts of a pod that are not as usual. */
export interface PodParts {
  readonly metadata?: JsonObject
  readonly spec?: JsonObject
  readonly status?: JsonObject
}

/** A pod of node n1 as the API server has it, whose init container waits for the lock; its uid is `uid-NAME`. */
export function podJson(name: string, { metadata = {}, spec = {}, status = podStatus.bound() }: PodParts = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: 'shop',
      uid: `uid-${name}`,
      resourceVersion: '1',
      creationTimestamp: '2026-11-25T10:00:00Z',
      labels: { app: name, 'pod-template-hash': '6d4cf56db6' },
      annotations: { 'usher.dev/status': '{"v":1,"lock":true}' },
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'ReplicaSet', name: `${name}-6d4cf56db6`, uid: 'uid-owner', controller: true }],
      ...metadata,
    },
    spec: {
      nodeName: 'n1',
      priority: 0,
      restartPolicy: 'Always',
      initContainers: [{ name: 'usher-lock', image: 'usher-wait:1', args: ['--lease=120s'] }],
      containers: [webContainer],
      ...spec,
    },
    status,
  }
}

/** A container with a readiness probe. */
export const webContainer = { name: 'web', image: 'web:1', readinessProbe: { httpGet: { path: '/', port: 8080 } } } as const

/** A status from the life of {@link podJson}; `id` names the container that waits, of one start of the pod. */
export const podStatus = {
  /** The kubelet has not seen it yet. */
  bound: (): JsonObject => ({ phase: 'Pending', conditions: [condition('PodScheduled', true)] }),
  /** Its init container waits for the lock. */
  waiting: (id: string, podIP?: string): JsonObject =>
    statusOf('Pending', waitStatus(id, { running: { startedAt } }), [appStatus('web', initializing)], podIP),
  /** It has the lock, and its container runs. */
  started: (id: string, podIP?: string): JsonObject => statusOf('Running', waitStatus(id, finished()), [appStatus('web', running)], podIP),
  /** Its container is ready. */
  up: (id: string, podIP?: string): JsonObject =>
    statusOf('Running', waitStatus(id, finished()), [appStatus('web', running, true)], podIP, true),
}

const startedAt = '2026-11-25T10:00:03Z'
const initializing: JsonObject = { waiting: { reason: 'PodInitializing' } }
const running: JsonObject = { running: { startedAt: '2026-11-25T10:00:09Z' } }

/** The state of a container that has ended. */
export function finished(message?: string, exitCode = 0): JsonObject {
  const terminated = { exitCode, reason: exitCode === 0 ? 'Completed' : 'Error', startedAt, finishedAt: '2026-11-25T10:00:08Z' }
  return { terminated: message === undefined ? terminated : { ...terminated, message } }
}

/** The state of a container that the kubelet starts again and again. */
export const crashLooping: JsonObject = {
  waiting: { reason: 'CrashLoopBackOff', message: 'back-off 40s restarting failed container' },
}

/** The status of the container that waits; without an id while there is none yet. */
export function waitStatus(id: string | undefined, state: JsonObject): JsonObject {
  const status = { name: 'usher-lock', image: 'usher-wait:1', ready: 'terminated' in state, restartCount: 0, state }
  return id === undefined ? status : { ...status, containerID: id }
}

/** The status of a regular container, or of a native sidecar. */
export function appStatus(name: string, state: JsonObject, ready = false, started = ready): JsonObject {
  return { name, image: `${name}:1`, containerID: `containerd://${name}`, ready, started, restartCount: 0, state }
}

/** A whole status. */
export function statusOf(phase: string, wait: JsonObject, containers: readonly Json[], podIP?: string, isReady = false): JsonObject {
  return {
    phase,
    conditions: [condition('PodScheduled', true), condition('Initialized', phase === 'Running'), condition('ContainersReady', isReady), condition('Ready', isReady)],
    hostIP: '192.0.2.1',
    ...(podIP === undefined ? {} : { podIP, podIPs: [{ ip: podIP }] }),
    initContainerStatuses: [wait],
    containerStatuses: containers,
  }
}

function condition(type: string, isTrue: boolean): JsonObject {
  return { type, status: isTrue ? 'True' : 'False', lastProbeTime: null, lastTransitionTime: startedAt }
}
