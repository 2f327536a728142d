import { controllerOf } from '../units/controller.ts'
import { isObject, type JsonObject, objectsOf } from '../units/json.ts'

/** A pod of a DaemonSet, as its status shows it. */
export interface DaemonPod {
  readonly uid: string
  readonly namespace: string
  /** The uid of its DaemonSet. */
  readonly owner: string
  /** It has finished or failed, or is being deleted: its DaemonSet makes another one. */
  readonly isOver: boolean
  /** It runs, and its condition Ready is true. */
  readonly isReady: boolean
  /** Its regular containers. */
  readonly containers: readonly DaemonContainer[]
}

/** A container of a pod of a DaemonSet. */
export interface DaemonContainer {
  /** Names the container of one start; another start has another. */
  readonly id: string
  /** Since when it runs, in milliseconds since 1970 by the node's clock, rounded down to a second; undefined: it does not. */
  readonly startedAt?: number
}

/** Reads a Pod's JSON; undefined where no DaemonSet is its controller. */
export function readDaemonPod(pod: JsonObject): DaemonPod | undefined {
  const { metadata, status } = pod
  if (!isObject(metadata)) return undefined
  const { uid, namespace, deletionTimestamp } = metadata
  if (typeof uid !== 'string' || typeof namespace !== 'string') return undefined
  const owner = controllerOf(pod)
  if (owner === undefined || !isDaemonSet(owner) || typeof owner['uid'] !== 'string') return undefined
  const { phase, conditions, containerStatuses } = isObject(status) ? status : {}
  return {
    uid,
    namespace,
    owner: owner['uid'],
    isOver: phase === 'Succeeded' || phase === 'Failed' || typeof deletionTimestamp === 'string',
    isReady: phase === 'Running' && objectsOf(conditions).some(({ type, status: is }) => type === 'Ready' && is === 'True'),
    containers: objectsOf(containerStatuses).map(readContainer),
  }
}

function isDaemonSet({ apiVersion, kind }: JsonObject): boolean {
  return kind === 'DaemonSet' && typeof apiVersion === 'string' && apiVersion.startsWith('apps/')
}

function readContainer({ containerID: id, state }: JsonObject): DaemonContainer {
  const running = isObject(state) ? state['running'] : undefined
  const text = isObject(running) ? running['startedAt'] : undefined
  const startedAt = typeof text === 'string' ? Date.parse(text) : Number.NaN
  return { id: typeof id === 'string' ? id : '', ...(Number.isNaN(startedAt) ? {} : { startedAt }) }
}
