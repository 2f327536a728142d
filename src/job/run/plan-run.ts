import { textAt } from '../../check/json-paths.ts'
import type { JsonObject } from '../../units/json.ts'
import { jobLabel } from '../names.ts'
import { holdsData, isWorkload, objectKey } from './kinds.ts'
import { hasEnded } from './rollout.ts'

/** What would come of an object. `replaced`: it cannot be changed, and is made anew. */
export type Outcome = 'created' | 'changed' | 'unchanged' | 'replaced'

/** An object that is to be, and what the API server says of it by a dry run. */
export interface Surveyed {
  readonly object: JsonObject
  /** Undefined: it is not there. */
  readonly live: JsonObject | undefined
  /** Undefined: it would be made anew. */
  readonly after?: JsonObject
  readonly outcome: Outcome
}

/** One step by which what was done is undone. */
export type Undo =
  /** As the revision before has it. */
  | { readonly kind: 'apply'; readonly object: JsonObject }
  /** As it was, though no revision knows it. */
  | { readonly kind: 'revert'; readonly object: JsonObject; readonly live: JsonObject }
  /** The revision before does not have it; `hasEnded`: it has, but had ended, and what has ended is not done again. */
  | { readonly kind: 'delete'; readonly object: JsonObject; readonly hasEnded?: true }

/** What is done, in this order. */
export interface RunPlan {
  /** What changes nothing is left out. */
  readonly apply: readonly Surveyed[]
  /** When all runs: what the ledger knows and the job has no more. */
  readonly prune: readonly JsonObject[]
  /** When it fails. What of `apply` was not begun with is neither reverted nor deleted. */
  readonly undo: readonly Undo[]
}

/** What is known before anything is done. */
export interface RunFacts {
  readonly job: string
  /** In order, the workload last. */
  readonly wanted: readonly Surveyed[]
  /** The objects of the revision that is deployed; undefined: there is none. */
  readonly previous: readonly JsonObject[] | undefined
  /** All objects that the ledger knows. */
  readonly recorded: readonly JsonObject[]
  /** What is there of those beside what is wanted. */
  readonly others: readonly JsonObject[]
}

/** Decides what is done with the objects of a job. What holds data is only deleted where this very run has made it. */
export function planRun({ job, wanted, previous = [], recorded, others }: RunFacts): RunPlan {
  const before = new Set(previous.map(objectKey))
  const known = new Set(recorded.map(objectKey))
  const apply = wanted.filter(({ outcome }) => outcome !== 'unchanged')
  const ours = others.filter((each) => belongsTo(each, job) && !holdsData(each))
  // An earlier run may have been broken off: what it has made goes, too.
  const isLeftOver = (live: JsonObject): boolean => known.has(objectKey(live)) && belongsTo(live, job) && !holdsData(live)
  const fresh = wanted.filter(({ object }) => !before.has(objectKey(object)))
  const reverted = fresh.flatMap(({ object, live, outcome }): readonly Undo[] =>
    live === undefined || isLeftOver(live) || outcome === 'unchanged' ? [] : [{ kind: 'revert', object, live }],
  )
  const made = fresh.filter(({ live }) => live === undefined || isLeftOver(live)).map(({ object }) => object)
  const gone = [...made, ...ours.filter((each) => !before.has(objectKey(each)))]
  return {
    apply,
    // Pods first: what they use goes after them.
    prune: workloadsFirst(ours),
    undo: [
      ...previous.map((object): Undo => (wouldRunAgain(object, wanted) ? { kind: 'delete', object, hasEnded: true } : { kind: 'apply', object })),
      ...reverted,
      ...workloadsFirst(gone.toReversed()).map((object): Undo => ({ kind: 'delete', object })),
    ],
  }
}

/** Whether to put an object back would do work again that was done: that of a batch Job which is not there, or had ended, before this run made another one. */
function wouldRunAgain(object: JsonObject, wanted: readonly Surveyed[]): boolean {
  const found = object['kind'] === 'Job' ? wanted.find((each) => objectKey(each.object) === objectKey(object)) : undefined
  return found !== undefined && (found.live === undefined || (found.outcome === 'replaced' && hasEnded(found.live)))
}

/** Whether nothing would be done. */
export function isNothing({ apply, prune }: RunPlan): boolean {
  return apply.length === 0 && prune.length === 0
}

/** Whether an object that is there is one of a job. */
export function belongsTo(object: JsonObject, job: string): boolean {
  return textAt(object, 'metadata', 'labels', jobLabel) === job
}

function workloadsFirst(objects: readonly JsonObject[]): readonly JsonObject[] {
  return [...objects.filter(isWorkload), ...objects.filter((each) => !isWorkload(each))]
}
