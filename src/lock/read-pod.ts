import { readDaemonPod } from '../node-health/daemon-pod.ts'
import { isObject, type JsonObject, objectsOf } from '../units/json.ts'
import { readGate } from './depends-on/pod-gate.ts'
import type { PodFacts, WaitContainer } from './pods.ts'
import { readWorkload } from './read-workload.ts'

/** The init container that asks for the lock. */
const waitContainerName = 'usher-lock'
// For a line of an event or a page; the kubelet itself keeps 4 KiB.
const maxMessageLength = 256

/**
 * Reads of a Pod's JSON what the lock cares for, and keeps nothing else of it: there may be hundreds on a node.
 * Undefined where it is no pod with a name and a uid.
 */
export function readPod(pod: JsonObject): PodFacts | undefined {
  const { metadata, spec, status } = pod
  if (!isObject(metadata) || !isObject(spec)) return undefined
  const { uid, namespace, name, deletionTimestamp } = metadata
  if (typeof uid !== 'string' || typeof namespace !== 'string' || typeof name !== 'string') return undefined
  const said = isObject(status) ? status : {}
  const { phase, podIP } = said
  const { priority, hostNetwork } = spec
  const parts = partsOf(spec, said)
  const [daemon, workload, gate] = [readDaemonPod(pod), readWorkload(pod), readGate(pod)]
  return {
    uid,
    namespace,
    name,
    priority: typeof priority === 'number' ? priority : 0,
    address: typeof podIP === 'string' && podIP !== '' && hostNetwork !== true ? podIP : undefined,
    wait: waitOf(said),
    hasProbes: parts.some(({ container }) => isObject(container['readinessProbe']) || isObject(container['startupProbe'])),
    isStarted: parts.every(({ isSidecar, state }) => isSidecar || isObject(state['running']) || isObject(state['terminated'])),
    isReady: hasCondition(said, 'ContainersReady'),
    isCrashing: isCrashing(said),
    isOver: phase === 'Succeeded' || phase === 'Failed' || typeof deletionTimestamp === 'string',
    containers: {
      total: parts.length,
      ready: parts.filter(({ isReady }) => isReady).length,
      lacks: lackOf(parts.find(({ isReady }) => !isReady)),
    },
    ...(daemon === undefined ? {} : { daemon }),
    ...(workload === undefined ? {} : { workload }),
    ...(gate === undefined ? {} : { gate }),
  }
}

/** A regular container or a native sidecar, and what its status says. */
interface Part {
  readonly name: string
  readonly container: JsonObject
  readonly isSidecar: boolean
  readonly isReady: boolean
  /** What its startup probe has found; true where it has none and runs. */
  readonly isStarted: boolean
  readonly state: JsonObject
}

function partsOf(spec: JsonObject, status: JsonObject): readonly Part[] {
  const sidecars = objectsOf(spec['initContainers']).filter((container) => container['restartPolicy'] === 'Always')
  return [
    ...sidecars.map((container) => partOf(container, true, status['initContainerStatuses'])),
    ...objectsOf(spec['containers']).map((container) => partOf(container, false, status['containerStatuses'])),
  ]
}

function partOf(container: JsonObject, isSidecar: boolean, statuses: unknown): Part {
  const { name } = container
  const status = objectsOf(statuses).find((each) => each['name'] === name) ?? {}
  const { ready, started, state } = status
  return {
    name: typeof name === 'string' ? name : '',
    container,
    isSidecar,
    isReady: ready === true,
    isStarted: started === true,
    state: isObject(state) ? state : {},
  }
}

/** Which probe has not passed, or what else keeps a container from being ready; for people. */
function lackOf(part: Part | undefined): string | undefined {
  if (part === undefined) return undefined
  const { name, container, state, isStarted } = part
  if (!isObject(state['running'])) return `${name}: ${reasonOf(state) ?? 'not started'}`
  if (!isStarted && isObject(container['startupProbe'])) return `${name}: startup probe`
  return isObject(container['readinessProbe']) ? `${name}: readiness probe` : `${name}: not ready`
}

/** The state of the container that waits; undefined while it has none that names a container. */
function waitOf(status: JsonObject): WaitContainer | undefined {
  const ours = objectsOf(status['initContainerStatuses']).find((each) => each['name'] === waitContainerName)
  const { containerID: id, state } = ours ?? {}
  if (typeof id !== 'string' || id === '' || !isObject(state)) return undefined
  const { terminated } = state
  const message = isObject(terminated) ? terminated['message'] : undefined
  const finishedAt = isObject(terminated) ? timeOf(terminated['finishedAt']) : undefined
  return {
    id,
    isFinished: isObject(terminated),
    ...(finishedAt === undefined ? {} : { finishedAt }),
    message: typeof message === 'string' ? message.trim().slice(0, maxMessageLength) : undefined,
  }
}

/** Any container: an init container that fails again and again starts nothing either. */
function isCrashing({ initContainerStatuses, containerStatuses }: JsonObject): boolean {
  const statuses = [...objectsOf(initContainerStatuses), ...objectsOf(containerStatuses)]
  return statuses.some(({ state }) => isObject(state) && reasonOf(state) === 'CrashLoopBackOff')
}

/** Milliseconds since 1970, of an RFC 3339 time; those that Kubernetes has set itself are in UTC. */
function timeOf(value: unknown): number | undefined {
  const time = typeof value === 'string' ? Date.parse(value) : Number.NaN
  return Number.isNaN(time) ? undefined : time
}

function reasonOf({ waiting, terminated }: JsonObject): string | undefined {
  const state = isObject(waiting) ? waiting : terminated
  const reason = isObject(state) ? state['reason'] : undefined
  return typeof reason === 'string' && reason !== '' ? reason : undefined
}

function hasCondition({ conditions }: JsonObject, type: string): boolean {
  return objectsOf(conditions).some((each) => each['type'] === type && each['status'] === 'True')
}
