import type { LoadEvent } from './events.ts'
import { idleForMs, loadStaleMs, type QueueSettings } from './settings.ts'
import type { LoadState } from './state.ts'

/** Before the first reading. */
export const unknownLoad: LoadState = { at: undefined, idleSince: undefined, idleCores: 0, pressure: undefined }

/**
 * Takes a reading into account. After a gap without readings it counts for its own window alone; after one that showed
 * no idle core, for no time before that one.
 */
export function readLoad(before: LoadState, reading: LoadEvent, now: number, settings: QueueSettings): LoadState {
  const { idleCores, pressure, windowMs } = reading
  const isIdle = idleCores >= settings.idleCores && (pressure === undefined || pressure <= settings.pressureBound)
  const isGap = before.at === undefined || now - before.at > loadStaleMs
  const windowStart = now - Math.min(Math.max(0, windowMs), idleForMs)
  const idleSince = isGap ? windowStart : (before.idleSince ?? Math.max(windowStart, before.at))
  return { at: now, idleSince: isIdle ? idleSince : undefined, idleCores, pressure }
}

/** When a core will have been idle for long enough, if it stays so; undefined: the last reading does not show one. */
export function idleLongEnoughAt({ idleSince }: LoadState): number | undefined {
  return idleSince === undefined ? undefined : idleSince + idleForMs
}

/** Whether readings are too old to say anything. */
export function isStale(load: LoadState, now: number): boolean {
  return load.at === undefined || now - load.at > loadStaleMs
}
