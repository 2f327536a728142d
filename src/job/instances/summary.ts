import { at, numberAt, textAt } from '../../check/json-paths.ts'
import type { JsonObject } from '../../units/json.ts'
import type { Instance } from './instance.ts'
import { conditionOf } from './parts.ts'

/** How a job is, or any workload. */
export interface Summary {
  /** `Stopped`: no instance is wanted. `Done` and `Failed` are of workloads that come to an end. */
  readonly state: 'Healthy' | 'Degraded' | 'Stopped' | 'Done' | 'Failed'
  /** Of those that are wanted, how many are healthy, or done. */
  readonly healthy: number
  readonly wanted: number
  /** `Healthy 3/3`, `Degraded 2/3`. */
  readonly text: string
}

/**
 * How a workload is: healthy where as many instances are as are wanted.
 *
 * @param wanted how many instances it should have; of a workload that comes to an end, how many are to be done.
 */
export function summariseJob(wanted: number, instances: readonly Instance[]): Summary {
  const count = (state: Instance['state']): number => instances.filter((each) => each.state === state).length
  const done = Math.min(wanted, count('Done'))
  const healthy = Math.min(wanted, count('Healthy') + done)
  if (wanted === 0) return summary('Stopped', 0, 0)
  if (done === wanted) return summary('Done', done, wanted)
  return summary(healthy === wanted ? 'Healthy' : 'Degraded', healthy, wanted)
}

/** How a workload is, as the API server has it: {@link summariseJob}, of as many instances as it wants. */
export function summariseWorkload(workload: JsonObject, instances: readonly Instance[]): Summary {
  const seen = summariseJob(wantedOf(workload), instances)
  if (textAt(workload, 'kind') !== 'Job') return seen
  if (conditionOf(workload, 'Failed')?.['status'] === 'True') return summary('Failed', seen.healthy, seen.wanted)
  // Pods that are done may have been deleted since.
  if (conditionOf(workload, 'Complete')?.['status'] === 'True') return summary('Done', seen.wanted, seen.wanted)
  const succeeded = numberAt(workload, 'status', 'succeeded')
  const running = instances.filter(({ state }) => state === 'Healthy').length
  const healthy = Math.min(seen.wanted, succeeded + running)
  return healthy > seen.healthy ? summary(healthy === seen.wanted ? 'Healthy' : 'Degraded', healthy, seen.wanted) : seen
}

/** How many instances a workload wants: a Deployment, StatefulSet, ReplicaSet, DaemonSet, a batch Job, or a pod by itself. */
export function wantedOf(workload: JsonObject): number {
  switch (textAt(workload, 'kind')) {
    case 'DaemonSet':
      return numberAt(workload, 'status', 'desiredNumberScheduled')
    case 'Job':
      return at(workload, 'spec', 'suspend') === true ? 0 : countAt(workload, 'completions') ?? countAt(workload, 'parallelism') ?? 1
    case 'Pod':
      return 1
    default:
      // The API server fills it in; a manifest may leave it out.
      return countAt(workload, 'replicas') ?? 1
  }
}

function countAt(workload: JsonObject, key: string): number | undefined {
  const value = at(workload, 'spec', key)
  return typeof value === 'number' ? value : undefined
}

function summary(state: Summary['state'], healthy: number, wanted: number): Summary {
  return { state, healthy, wanted, text: `${state} ${healthy}/${wanted}` }
}
