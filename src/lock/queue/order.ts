import { agingMs } from './settings.ts'
import type { Place } from './state.ts'

/**
 * Who is served before whom: negative where `left` is. Those who have waited for the time of aging come first, by
 * their arrival; among the others the higher priority, then the arrival. A total order at every moment.
 */
export function compare(left: Place, right: Place, now: number): number {
  const isAged = now - left.arrivedAt >= agingMs
  if (isAged !== now - right.arrivedAt >= agingMs) return isAged ? -1 : 1
  if (!isAged && left.priority !== right.priority) return right.priority - left.priority
  return left.sequence - right.sequence
}

/** Who is served next of those whom `isMeant` names; undefined: nobody. */
export function firstOf(places: Iterable<Place>, now: number, isMeant: (place: Place) => boolean): Place | undefined {
  let first: Place | undefined
  for (const place of places) {
    if (isMeant(place) && (first === undefined || compare(place, first, now) < 0)) first = place
  }
  return first
}

/** How many are served before one of them. */
export function aheadOf(places: Iterable<Place>, place: Place, now: number): number {
  let ahead = 0
  for (const other of places) if (compare(other, place, now) < 0) ahead++
  return ahead
}
