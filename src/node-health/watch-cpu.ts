import { type CpuTimes, parseStat } from '../lock/node-load/stat.ts'
import type { Clock } from './clock.ts'

/** How busy the CPUs of a node may be. */
export interface CpuWatchOptions {
  /** More is too much: percent of all cores together. */
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

/**
 * Reads how much of the last period the CPUs of the node were busy: all of them, with whatever runs there. The fork asked
 * metrics-server, whose figures are up to a minute old, and of before a reboot just after it.
 *
 * Tells after each period, the first one included. The returned function ends that.
 */
export function watchCpu({ threshold, periodMs, clock, read }: CpuWatchOptions, tell: (reading: CpuReading) => void): () => void {
  let last = timesOf(read())
  let endPause = clock.after(periodMs, look)

  function look(): void {
    endPause = clock.after(periodMs, look)
    const before = last
    last = timesOf(read())
    const percent = before && last && busyBetween(before, last)
    tell({ isFree: percent !== undefined && percent <= threshold, percent })
  }

  return () => endPause()
}

function timesOf(text: string | undefined): CpuTimes | undefined {
  return text === undefined ? undefined : parseStat(text)
}

/** Percent; undefined where the counters stepped back, as they do on a virtual machine that moves (proc_stat(5)). */
function busyBetween(before: CpuTimes, after: CpuTimes): number | undefined {
  const idle = after.idle - before.idle
  const total = after.total - before.total
  return total > 0 && idle >= 0 && idle <= total ? 100 * (1 - idle / total) : undefined
}
