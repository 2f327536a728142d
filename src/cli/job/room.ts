import type { JobProblem } from '../../job/problems.ts'
import { jobFieldManager } from '../../job/names.ts'
import type { JsonObject } from '../../units/json.ts'
import { planObjects } from '../plan-room.ts'
import type { JobCluster } from './job-cluster.ts'
import type { JobReport } from './job-report.ts'

const plannedWithinMs = 120_000

/** Whether a job has room. */
export interface Room {
  /** Why it has none. */
  readonly problem?: JobProblem
  /** There is room for all instances, but for none beside those that run, and the rollout would not go on. */
  readonly isTight: boolean
}

/**
 * Says whether the objects of a job have room beside all that runs in the cluster. Who may not look at nodes and pods cannot
 * be told beforehand; that is no reason not to try.
 */
export function roomFor({ admin, namespace }: JobCluster, job: string, report: JobReport): (objects: readonly JsonObject[]) => Promise<Room> {
  return async (objects) => {
    try {
      const plan = await planObjects(admin, objects, { namespace, signal: AbortSignal.timeout(plannedWithinMs), jobName: job, fieldManager: jobFieldManager })
      const isTight = plan.workloads.some(({ outdated, rollout }) => outdated > 0 && rollout?.goesOn === false)
      // What the API server takes was found out before, and that a batch Job is made anew is no rejection.
      const isLack = plan.problem !== undefined && plan.problem.code !== 'rejected-by-cluster'
      return { isTight, ...(isLack ? { problem: plan.problem } : {}) }
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error)
      if (!/cannot list resource "(?:nodes|pods|resourcequotas)"/.test(message)) throw error
      await report.note(`warning: whether there is room cannot be told: ${message}`)
      return { isTight: false }
    }
  }
}
