import { jobProblemDocument } from '../job/problems.ts'
import type { JsonObject } from '../units/json.ts'
import type { RoomPlan } from './room-plan.ts'

/**
 * The plan for machines. What is rejected is a problem document (RFC 9457) that has all else as members of its own, behind
 * those of the problem.
 */
export function planJson({ problem, problemOf = '', workloads, nodes, changes, notes }: RoomPlan): object {
  const document: JsonObject = problem === undefined ? {} : jobProblemDocument(problemOf, problem)
  return { ...document, changes, workloads, nodes, notes }
}
