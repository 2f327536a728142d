import { at, numberAt, objectsAt, textAt } from '../../check/json-paths.ts'
import type { JsonObject } from '../../units/json.ts'

/** How far a workload is. */
export type Standing = { readonly kind: 'healthy' | 'underway'; readonly text: string } | { readonly kind: 'failed'; readonly text: string }

/** Reads a workload: healthy when all of its instances are of its last version, and available. */
export function standingOf(workload: JsonObject): Standing {
  if (numberAt(workload, 'status', 'observedGeneration') < numberAt(workload, 'metadata', 'generation') && workload['kind'] !== 'Job') {
    return { kind: 'underway', text: 'kube-controller-manager has not looked at it yet' }
  }
  if (workload['kind'] === 'DaemonSet') return ofDaemonSet(workload)
  return workload['kind'] === 'Job' ? ofJob(workload) : ofDeployment(workload)
}

/**
 * How many instances of its last version are surely healthy: 0 where its status is of an older one. Of those that a rollout
 * has replaced one by one it says how far that is.
 */
export function renewedOf(workload: JsonObject): number {
  const status = (name: string): number => numberAt(workload, 'status', name)
  if (workload['kind'] === 'Job') return status('ready') + status('succeeded')
  if (status('observedGeneration') < numberAt(workload, 'metadata', 'generation')) return 0
  // Of all that there are, those of an older version may be the ones that are available.
  if (workload['kind'] === 'DaemonSet') return Math.max(0, status('updatedNumberScheduled') + status('numberAvailable') - status('desiredNumberScheduled'))
  return Math.max(0, status('updatedReplicas') + status('availableReplicas') - status('replicas'))
}

function ofDeployment(deployment: JsonObject): Standing {
  const replicas = at(deployment, 'spec', 'replicas')
  const wanted = typeof replicas === 'number' ? replicas : 1
  const [all, updated, available] = ['replicas', 'updatedReplicas', 'availableReplicas'].map((name) => numberAt(deployment, 'status', name))
  const text = `${available ?? 0} of ${wanted} instances are healthy${(updated ?? 0) < wanted ? `, ${updated ?? 0} ${updated === 1 ? 'is' : 'are'} of this revision` : ''}`
  if ((updated ?? 0) >= wanted && (available ?? 0) >= wanted && (all ?? 0) <= (updated ?? 0)) return { kind: 'healthy', text }
  const late = conditionOf(deployment, 'Progressing')
  if (late?.['reason'] === 'ProgressDeadlineExceeded') return { kind: 'failed', text: `${text}; Kubernetes has given up (progressDeadlineSeconds)` }
  const failure = conditionOf(deployment, 'ReplicaFailure')
  return { kind: 'underway', text: failure?.['status'] === 'True' ? `${text}: ${textAt(failure, 'message') ?? 'no pod can be made'}` : text }
}

function ofDaemonSet(daemonSet: JsonObject): Standing {
  const wanted = numberAt(daemonSet, 'status', 'desiredNumberScheduled')
  const [updated, available] = [numberAt(daemonSet, 'status', 'updatedNumberScheduled'), numberAt(daemonSet, 'status', 'numberAvailable')]
  const text = `it is healthy on ${available} of ${wanted} nodes`
  return { kind: updated >= wanted && available >= wanted ? 'healthy' : 'underway', text }
}

/** Instances that end by themselves: each runs, or has ended well. */
function ofJob(job: JsonObject): Standing {
  const failed = conditionOf(job, 'Failed')
  if (failed?.['status'] === 'True') return { kind: 'failed', text: textAt(failed, 'message') ?? textAt(failed, 'reason') ?? 'it has failed' }
  const completions = at(job, 'spec', 'completions')
  const wanted = typeof completions === 'number' ? completions : 1
  const [ready, succeeded] = [numberAt(job, 'status', 'ready'), numberAt(job, 'status', 'succeeded')]
  return { kind: ready + succeeded >= wanted ? 'healthy' : 'underway', text: `${ready} of ${wanted} instances run, ${succeeded} have ended well` }
}

/** Whether a batch Job has done its work, or has failed for good. */
export function hasEnded(job: JsonObject): boolean {
  return ['Complete', 'Failed'].some((type) => conditionOf(job, type)?.['status'] === 'True')
}

function conditionOf(workload: JsonObject, type: string): JsonObject | undefined {
  return objectsAt(workload, 'status', 'conditions').find((each) => each['type'] === type)
}

// What no time mends, as the kubelet calls it; an image that cannot be pulled may be there in a minute.
const hopeless = ['InvalidImageName', 'ErrImageNeverPull']

/** Why a pod will never run, in a sentence; undefined: it may. */
export function whyNever(pod: JsonObject): string | undefined {
  const waiting = containerStatusesOf(pod).find((status) => hopeless.includes(textAt(status, 'state', 'waiting', 'reason') ?? ''))
  if (waiting === undefined) return undefined
  const { reason, message } = { reason: textAt(waiting, 'state', 'waiting', 'reason') ?? '', message: textAt(waiting, 'state', 'waiting', 'message') }
  return `${textAt(waiting, 'name') ?? ''} will never start: ${reason}${message === undefined ? '' : ` (${message})`}`
}

/** The statuses of all containers of a pod, those that run first first. */
export function containerStatusesOf(pod: JsonObject): readonly JsonObject[] {
  return [...objectsAt(pod, 'status', 'initContainerStatuses'), ...objectsAt(pod, 'status', 'containerStatuses')]
}
