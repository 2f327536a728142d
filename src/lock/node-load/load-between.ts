import type { LoadEvent } from '../queue/events.ts'
import { type CpuTimes, idleShare } from './stat.ts'

/** What the kernel's counters were at a time. */
export interface Sample {
  /** Milliseconds, on the lock's clock. */
  readonly at: number
  readonly times: CpuTimes
  /** Microseconds in which some task waited for a CPU; undefined where the kernel does not tell. */
  readonly pressureUs: number | undefined
}

/** A reading of the node's CPUs, without the queue's tag. */
export interface LoadReading extends Omit<LoadEvent, 'kind'> {
  /** How many there are. */
  readonly cores: number
}

/** Longer windows say nothing of now: this process has slept, or the machine. */
export const longestWindowMs = 2_000

const microsecondsPerMs = 1_000

/** What two samples say of the time between them; undefined where they say nothing, or what cannot be. */
export function loadBetween(before: Sample, after: Sample): LoadReading | undefined {
  const windowMs = after.at - before.at
  if (!(windowMs > 0 && windowMs <= longestWindowMs)) return undefined
  const share = idleShare(before.times, after.times)
  if (share === undefined) return undefined
  const pressure = pressureBetween(before.pressureUs, after.pressureUs, windowMs)
  if (pressure === 'unsound') return undefined
  const { cores } = after.times
  return { idleCores: share * cores, cores, pressure, windowMs }
}

/** Percent of the window. One counter without the other is unsound: no pressure at all would mean an idle node. */
function pressureBetween(before: number | undefined, after: number | undefined, windowMs: number): number | undefined | 'unsound' {
  if (before === undefined && after === undefined) return undefined
  if (before === undefined || after === undefined || after < before) return 'unsound'
  return Math.min(100, ((after - before) / (windowMs * microsecondsPerMs)) * 100)
}
