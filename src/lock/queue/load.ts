import type { LoadEvent } from './events.ts'
import { idleForMs, loadStaleMs, type QueueSettings } from './settings.ts'
import type { IdleLevel, LoadState } from './state.ts'

/** Before the first reading. */
export const unknownLoad: LoadState = { at: undefined, idle: [], idleCores: 0, pressure: undefined }

/**
 * Takes a reading into account. After a gap without readings it counts for its own window alone; of cores that the one
 * before it did not show idle, for no time before that one.
 */
export function readLoad(before: LoadState, reading: LoadEvent, now: number, settings: QueueSettings): LoadState {
  const { idleCores, pressure, windowMs } = reading
  const cores = pressure !== undefined && pressure > settings.pressureBound ? 0 : idleCores
  const windowStart = now - Math.min(Math.max(0, windowMs), idleForMs)
  const isGap = before.at === undefined || now - before.at > loadStaleMs
  const levels = isGap ? [] : before.idle
  const since = levels.find((level) => level.cores >= cores)?.since ?? Math.max(windowStart, isGap ? windowStart : before.at)
  const idle = [...levels.filter((level) => level.cores < cores), { cores, since }]
  // Levels below one that has lasted for long enough say nothing more.
  return { at: now, idle: idle.slice(Math.max(0, idle.findLastIndex((level) => isLong(level, now)))), idleCores, pressure }
}

/** Somebody who was granted so shortly before that its load may not show yet: until then, it takes so much of an idle core. */
export interface Unseen {
  readonly until: number
  readonly reserve: number
}

/**
 * When there is an idle core for one more, if readings stay as they are; undefined: not by what they show.
 *
 * @param reserve what that one takes of an idle core. A whole one must be there whatever it takes.
 */
export function idleCoreAt(load: LoadState, unseen: readonly Unseen[], reserve: number, now: number, settings: QueueSettings): number | undefined {
  if (!hasIdleCore(load, now, settings)) return undefined
  const changes = [now, ...load.idle.map(({ since }) => since + idleForMs), ...unseen.map(({ until }) => until)]
  const possible = changes.filter((at) => at >= now && !isStale(load, at)).toSorted((a, b) => a - b)
  return possible.find((at) => {
    const cores = load.idle.findLast((level) => isLong(level, at))?.cores ?? 0
    const reserved = unseen.reduce((sum, each) => (each.until > at ? sum + each.reserve : sum), reserve)
    return cores >= settings.idleCores * Math.max(1, reserved)
  })
}

/** Whether the last reading, which is not too old, shows an idle core. */
export function hasIdleCore(load: LoadState, now: number, settings: QueueSettings): boolean {
  return !isStale(load, now) && (load.idle.at(-1)?.cores ?? 0) >= settings.idleCores
}

/** Whether readings are too old to say anything. */
export function isStale(load: LoadState, now: number): boolean {
  return load.at === undefined || now - load.at > loadStaleMs
}

function isLong({ since }: IdleLevel, now: number): boolean {
  return since + idleForMs <= now
}
