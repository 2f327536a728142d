import { type CpuTimes, idleShare, parseStat } from '../lock/node-load/stat.ts'
import type { Clock } from '../units/clock.ts'

/** How busy the CPUs of a node may be. */
export interface CpuWatchOptions {
  /** More is too much: percent of all cores together. See {@link freeAgainAt}. */
  readonly threshold: number
  /** Over which the share is taken, again and again; milliseconds. */
  readonly periodMs: number
  readonly clock: Clock
  /** The text of `/proc/stat`; undefined: it cannot be read. */
  readonly read: () => string | undefined
}

/** What is told of the CPUs: `percent` is undefined where nothing is known. */
export interface CpuReading {
  readonly isFree: boolean
  readonly percent: number | undefined
}

// Percent. Periods of one load differ by some.
const mostMargin = 10

/**
 * CPUs that were too busy are free again at this, and not at the threshold: a load that hovers about one bound would have
 * the node's health change with each period, as a gate of pressure has two bounds as well.
 */
export function freeAgainAt(threshold: number): number {
  return Math.max(threshold - mostMargin, threshold / 2)
}

/**
 * Reads how much of the last period the CPUs of the node were busy: all of them, with whatever runs there. The fork asked
 * metrics-server, whose figures are up to a minute old, and of before a reboot just after it.
 *
 * Tells after each period, the first one included. The returned function ends that.
 */
export function watchCpu({ threshold, periodMs, clock, read }: CpuWatchOptions, tell: (reading: CpuReading) => void): () => void {
  let last = timesOf(read())
  let wasBusy = false
  let endPause = clock.after(periodMs, look)

  function look(): void {
    endPause = clock.after(periodMs, look)
    const before = last
    last = timesOf(read())
    const idle = before && last && idleShare(before, last)
    const percent = idle === undefined ? undefined : 100 * (1 - idle)
    // Nothing known is no judgement: what was found before it holds after it.
    if (percent !== undefined) wasBusy = percent > (wasBusy ? freeAgainAt(threshold) : threshold)
    tell({ isFree: percent !== undefined && !wasBusy, percent })
  }

  return () => endPause()
}

function timesOf(text: string | undefined): CpuTimes | undefined {
  return text === undefined ? undefined : parseStat(text)
}
