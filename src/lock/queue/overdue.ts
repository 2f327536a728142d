import { overdueMarginMs, overdueSpacingMs } from './settings.ts'
import type { Place } from './state.ts'

/** Whose wait is nearly over, and when it has to be granted. */
export interface NextOverdue {
  readonly key: string
  /** The latest moment that leaves all who come after it their own, spaced. */
  readonly at: number
}

/**
 * Clients that give up together would start together. So they are granted before, one at a time and spaced: the
 * last of them just before its wait ends, and each of the others early enough that the next can follow. The one
 * whose wait ends first comes first.
 */
export function nextOverdue(places: Iterable<Place>, lastOverdueAt: number | undefined): NextOverdue | undefined {
  const ending: { readonly key: string; readonly deadline: number; readonly sequence: number }[] = []
  for (const { key, deadline, sequence } of places) {
    if (deadline !== undefined) ending.push({ key, deadline, sequence })
  }
  ending.sort((left, right) => left.deadline - right.deadline || left.sequence - right.sequence)
  const [first] = ending
  if (first === undefined) return undefined
  let at = Infinity
  for (const { deadline } of ending.toReversed()) at = Math.min(deadline - overdueMarginMs, at - overdueSpacingMs)
  const spaced = lastOverdueAt === undefined ? at : Math.max(at, lastOverdueAt + overdueSpacingMs)
  return { key: first.key, at: spaced }
}
