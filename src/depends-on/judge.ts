import type { Target } from './dependency.ts'
import type { Observed, ObservedEndpoints, ObservedJob, ObservedWorkload } from './observe.ts'

/** Whether a target is healthy, and by what; for people, short: `1 of 3 replicas ready`. */
export interface Verdict {
  readonly isHealthy: boolean
  readonly reason: string
}

/**
 * Judges a target for a pod of this namespace by all the objects that the API server has of its collections.
 *
 * | target | is healthy while |
 * |---|---|
 * | `service` | one of its endpoints is ready |
 * | `deployment`, `statefulset` | as many replicas are ready as it wants, one at least, by a status of the object as it is |
 * | `daemonset` | the same, of the nodes that take it |
 * | `job` of usher's | its workload is so; where that is a Job, it is complete |
 * | `job`, where its namespace has none | the Job of this name there is complete; where there is none, a job of usher's elsewhere is healthy |
 */
export function judge(target: Target, podNamespace: string, objects: readonly Observed[]): Verdict {
  if (target.kind === 'service') return judgeEndpoints(objects.filter(isEndpoints))
  if (target.kind === 'job') return judgeJob(target, podNamespace, objects)
  const [object] = objects
  return object === undefined ? nothing : judgeWorkload(object)
}

const nothing: Verdict = { isHealthy: false, reason: 'there is none' }

function judgeEndpoints(slices: readonly ObservedEndpoints[]): Verdict {
  if (slices.length === 0) return { isHealthy: false, reason: 'there is none, or it has no endpoints' }
  const [ready, total] = [sum(slices, 'ready'), sum(slices, 'total')]
  if (total === 0) return { isHealthy: false, reason: 'it has no endpoints' }
  return { isHealthy: ready > 0, reason: `${ready} of ${total} endpoints ready` }
}

function sum(slices: readonly ObservedEndpoints[], key: 'ready' | 'total'): number {
  return slices.reduce((all, slice) => all + slice[key], 0)
}

/**
 * A job of usher's in the pod's own namespace comes first, then the Job of that name there, and only then a job of usher's
 * elsewhere: whoever has another namespace decides about nothing that the pod's own one has.
 */
function judgeJob(target: Target, podNamespace: string, objects: readonly Observed[]): Verdict {
  const workloads = objects.filter((object) => object.kind !== 'endpoints')
  const near = workloads.filter(({ namespace }) => namespace === (target.namespace ?? podNamespace))
  const ofUsher = workloads.filter(({ isLabelled }) => isLabelled)
  const choices = [near.filter(({ isLabelled }) => isLabelled), near, ofUsher]
  const verdicts = (choices.find((each) => each.length > 0) ?? []).map(judgeWorkload)
  const bad = verdicts.find(({ isHealthy }) => !isHealthy)
  return bad ?? verdicts[0] ?? nothing
}

function judgeWorkload(object: Observed): Verdict {
  if (object.kind === 'endpoints') return judgeEndpoints([object])
  if (object.kind === 'job') return judgeCompletion(object)
  return judgeReplicas(object)
}

function judgeCompletion({ isComplete, hasFailed, succeeded, completions }: ObservedJob): Verdict {
  if (isComplete) return { isHealthy: true, reason: 'complete' }
  return { isHealthy: false, reason: hasFailed ? 'it has failed' : `${succeeded} of ${completions} completions` }
}

function judgeReplicas({ kind, wanted, ready, isObserved }: ObservedWorkload): Verdict {
  if (!isObserved) return { isHealthy: false, reason: 'its last change has not been seen by its controller yet' }
  // Nobody waits for what is to run nowhere; and a DaemonSet's number is 0 until its controller has counted.
  if (wanted === 0) return { isHealthy: false, reason: kind === 'daemonset' ? 'no node takes it' : 'it is scaled to 0' }
  return { isHealthy: ready >= wanted, reason: `${ready} of ${wanted} ${kind === 'daemonset' ? 'pods' : 'replicas'} ready` }
}

function isEndpoints(object: Observed): object is ObservedEndpoints {
  return object.kind === 'endpoints'
}
