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
  return judge(wanted, count('Healthy') + count('Done'), count('Done'))
}

function judge(wanted: number, allHealthy: number, done: number): Summary {
  const healthy = Math.min(wanted, allHealthy)
  if (wanted === 0) return summary('Stopped', 0, 0)
  if (done >= wanted) return summary('Done', wanted, wanted)
  return summary(healthy === wanted ? 'Healthy' : 'Degraded', healthy, wanted)
}

/** How a workload is, as the API server has it, by its instances. */
export function summariseWorkload(workload: JsonObject, instances: readonly Instance[]): Summary {
  const count = (state: Instance['state']): number => instances.filter((each) => each.state === state).length
  // Of a Job pods that are done may have been deleted since: it has counted them.
  const done = textAt(workload, 'kind') === 'Job' ? Math.max(count('Done'), numberAt(workload, 'status', 'succeeded')) : count('Done')
  return summariseCounts(workload, count('Healthy') + done, done)
}

/**
 * How a workload is, by counts of its instances.
 *
 * @param healthy those that are done among them.
 * @param done of a workload whose instances come to an end; undefined: not known.
 */
export function summariseCounts(workload: JsonObject, healthy: number, done?: number): Summary {
  const wanted = wantedOf(workload)
  if (textAt(workload, 'kind') === 'Job') {
    if (conditionOf(workload, 'Failed')?.['status'] === 'True') return summary('Failed', Math.min(wanted, healthy), wanted)
    if (conditionOf(workload, 'Complete')?.['status'] === 'True') return summary('Done', wanted, wanted)
  }
  return judge(wanted, healthy, done ?? 0)
}

/** How many instances a workload wants: a Deployment, StatefulSet, ReplicaSet, DaemonSet, a batch Job, or a pod by itself. */
export function wantedOf(workload: JsonObject): number {
  switch (textAt(workload, 'kind') ?? '') {
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
