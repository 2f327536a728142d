import { overdueMarginMs, overdueSpacingMs } from './settings.ts'
import type { Place } from './state.ts'

/** Somebody who has said how long it waits, and when it has to be granted at the latest. */
export interface Ending {
  readonly key: string
  readonly deadline: number
  readonly sequence: number
  /** The latest moment that leaves all who end after it their own, spaced. */
  readonly latest: number
}

/**
 * Clients that give up together would start together. So they are granted before, one at a time and spaced: the
 * last of them just before its wait ends, and each of the others early enough that the next can follow.
 *
 * @returns those who have said how long they wait, in the order in which their waits end.
 */
export function endingsOf(places: Iterable<Place>): readonly Ending[] {
  const ending: { readonly key: string; readonly deadline: number; readonly sequence: number }[] = []
  for (const { key, deadline, sequence } of places) {
    if (deadline !== undefined) ending.push({ key, deadline, sequence })
  }
  ending.sort((left, right) => left.deadline - right.deadline || left.sequence - right.sequence)
  let latest = Infinity
  const backwards = ending.toReversed().map((each): Ending => {
    latest = Math.min(each.deadline - overdueMarginMs, latest - overdueSpacingMs)
    return { ...each, latest }
  })
  return backwards.toReversed()
}

/**
 * Who is granted for the end of its wait next, and when. Whoever's wait is over has given up, and is passed over. Of
 * several that are due the one comes first that came first: a short wait is no way to overtake.
 *
 * @param endings as {@link endingsOf} gives them.
 */
export function nextOverdue(
  endings: readonly Ending[],
  lastOverdueAt: number | undefined,
  now: number,
): { readonly key: string; readonly at: number } | undefined {
  let next: Ending | undefined
  let at = Infinity
  for (const each of endings) {
    if (each.deadline <= now) continue
    if (next !== undefined && each.latest > now) break
    if (next === undefined) at = each.latest
    if (next === undefined || each.sequence < next.sequence) next = each
  }
  if (next === undefined) return undefined
  return { key: next.key, at: lastOverdueAt === undefined ? at : Math.max(at, lastOverdueAt + overdueSpacingMs) }
}
