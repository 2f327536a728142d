import type { JobProblem } from '../../job/problems.ts'
import { jobFieldManager } from '../../job/names.ts'
import type { Surveyed } from '../../job/run/plan-run.ts'
import type { JsonObject } from '../../units/json.ts'
import { planObjects } from '../plan-room.ts'
import type { JobCluster } from './job-cluster.ts'
import type { JobReport } from './job-report.ts'
import { JobRejection } from './rejection.ts'

const plannedWithinMs = 120_000

/** Whether a job has room. */
export interface Room {
  /** Why it has none. */
  readonly problem?: JobProblem
  /** There is room for all instances, but for none beside those that run, and the rollout would not go on. */
  readonly isTight: boolean
}

/**
 * Says whether the cluster takes the pods of a job, and has room for them beside all that runs there. Who may not look at
 * nodes and pods cannot be told beforehand; that is no reason not to try.
 */
export function roomFor({ admin, namespace }: JobCluster, job: string, report: JobReport): (wanted: readonly Surveyed[]) => Promise<Room> {
  return async (wanted) => {
    const tried = new Map(wanted.flatMap(({ object, live, after }) => (after === undefined ? [] : [[object, { kind: 'taken', after, ...(live === undefined ? {} : { live }) }] as const])))
    try {
      const plan = await planObjects(admin, wanted.map(({ object }) => object), { tried, namespace, signal: AbortSignal.timeout(plannedWithinMs), jobName: job, fieldManager: jobFieldManager })
      for (const warning of plan.warnings) await report.note(`warning: ${warning}`)
      const isTight = plan.workloads.some(({ outdated, rollout }) => outdated > 0 && rollout?.goesOn === false)
      return { isTight, ...(plan.problem === undefined || isOfNewNamespace(plan.problem) ? {} : { problem: plan.problem }) }
    } catch (error) {
      if (!isUnlisted(error)) throw error
      await report.note(`warning: whether there is room cannot be told: ${error instanceof Error ? error.message : String(error)}`)
      return { isTight: false }
    }
  }
}

/**
 * Whether several jobs have room together: of each alone that says nothing, and by then the first one would be there. Only
 * what lacks in all counts; how they are placed shows when it is the turn of each.
 *
 * @throws {JobRejection}
 */
export async function checkRoomTogether({ admin, namespace }: JobCluster, objects: readonly JsonObject[]): Promise<void> {
  try {
    const { problem, problemOf = '' } = await planObjects(admin, objects, { namespace, signal: AbortSignal.timeout(plannedWithinMs), amounts: 'compose', fieldManager: jobFieldManager })
    if (problem?.code.startsWith('insufficient-') === true) throw new JobRejection(problemOf, problem)
  } catch (error) {
    // It is told of each of them.
    if (!isUnlisted(error)) throw error
  }
}

function isUnlisted(error: unknown): boolean {
  return error instanceof Error && /cannot list resource "(?:nodes|pods|resourcequotas)"/.test(error.message)
}

/** A controller makes the account within moments: the pods are taken then. */
function isOfNewNamespace({ code, detail }: JobProblem): boolean {
  return code === 'rejected-by-cluster' && detail.includes('serviceaccount "default" not found')
}
