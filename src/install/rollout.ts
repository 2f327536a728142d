import { at, numberAt, objectsAt, textAt } from '../check/json-paths.ts'
import type { JsonObject } from '../units/json.ts'

/** How far the pods of a Deployment or a DaemonSet are. */
export interface Rollout {
  /** Far enough. */
  readonly isDone: boolean
  /** All of them, without any exception. */
  readonly isWhole: boolean
  /** For people: `1 of 2 replicas are available`. */
  readonly text: string
}

/** Reads a Deployment: done when all of its replicas are of its last version, and available. */
export function deploymentRollout(deployment: JsonObject): Rollout {
  const replicas = at(deployment, 'spec', 'replicas')
  const wanted = typeof replicas === 'number' ? replicas : 1
  const [updated, available] = [numberAt(deployment, 'status', 'updatedReplicas'), numberAt(deployment, 'status', 'availableReplicas')]
  if (!isSeen(deployment)) return { isDone: false, isWhole: false, text: `0 of ${wanted} replicas: kube-controller-manager has not looked at it yet` }
  const isDone = updated >= wanted && available >= wanted && numberAt(deployment, 'status', 'replicas') <= updated
  const old = updated < wanted ? `, ${updated} are of this version` : ''
  const failure = objectsAt(deployment, 'status', 'conditions').find(({ type, status }) => type === 'ReplicaFailure' && status === 'True')
  const why = isDone || failure === undefined ? '' : `: ${textAt(failure, 'message') ?? 'no pod can be made'}`
  return { isDone, isWhole: isDone, text: `${available} of ${wanted} replicas are available${old}${why}` }
}

/**
 * Reads a DaemonSet: done when the pods of all nodes are of its last version, and available; but for as many as may be away
 * during an update, rounded down: in a large cluster there is always a node that is down.
 */
export function daemonSetRollout(daemonSet: JsonObject): Rollout {
  const desired = numberAt(daemonSet, 'status', 'desiredNumberScheduled')
  const [updated, available] = [numberAt(daemonSet, 'status', 'updatedNumberScheduled'), numberAt(daemonSet, 'status', 'numberAvailable')]
  if (!isSeen(daemonSet)) return { isDone: false, isWhole: false, text: '0 nodes: kube-controller-manager has not looked at it yet' }
  const least = desired - mayBeAway(daemonSet, desired)
  const old = updated < desired ? `, ${updated} are of this version` : ''
  const of = (count: number): boolean => updated >= count && available >= count
  return { isDone: of(least), isWhole: of(desired), text: `it is available on ${available} of ${desired} nodes${old}` }
}

function mayBeAway(daemonSet: JsonObject, desired: number): number {
  const most = at(daemonSet, 'spec', 'updateStrategy', 'rollingUpdate', 'maxUnavailable')
  const percent = typeof most === 'string' ? /^(\d{1,3})%$/.exec(most)?.[1] : undefined
  return percent === undefined ? 0 : Math.floor((Number(percent) / 100) * desired)
}

function isSeen(object: JsonObject): boolean {
  return numberAt(object, 'status', 'observedGeneration') >= numberAt(object, 'metadata', 'generation')
}

// A pod on its way.
const usualReasons = ['ContainerCreating', 'PodInitializing']
const shownMessage = 160

/** What keeps pods from running, each with a sentence. */
export function troublesOf(pods: readonly JsonObject[]): readonly string[] {
  return pods.flatMap((pod) => {
    const why = at(pod, 'metadata', 'deletionTimestamp') === undefined ? troubleOf(pod) : undefined
    return why === undefined ? [] : [`pod ${textAt(pod, 'metadata', 'name') ?? ''}: ${why.slice(0, shownMessage)}`]
  })
}

function troubleOf(pod: JsonObject): string | undefined {
  const waiting = [...objectsAt(pod, 'status', 'initContainerStatuses'), ...objectsAt(pod, 'status', 'containerStatuses')]
    .map((status) => ({ name: textAt(status, 'name') ?? '', reason: textAt(status, 'state', 'waiting', 'reason'), message: textAt(status, 'state', 'waiting', 'message') }))
    .find(({ reason }) => reason !== undefined && !usualReasons.includes(reason))
  if (waiting !== undefined) return `${waiting.name} ${waiting.reason}${waiting.message === undefined ? '' : `: ${waiting.message}`}`
  const unbound = objectsAt(pod, 'status', 'conditions').find(({ type, status }) => type === 'PodScheduled' && status === 'False')
  return unbound === undefined ? undefined : `is not scheduled: ${textAt(unbound, 'message') ?? textAt(unbound, 'reason') ?? ''}`
}
