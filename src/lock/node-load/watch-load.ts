import { readFileSync } from 'node:fs'
import type { Clock } from '../../units/clock.ts'
import { loadBetween, type LoadReading, type Sample } from './load-between.ts'
import { parsePressure } from './pressure.ts'
import { parseStat } from './stat.ts'

/** How the load is read. */
export interface LoadSettings {
  /** Milliseconds between readings; {@link readPeriodMs} unless said otherwise. */
  readonly periodMs?: number
  readonly clock: Clock
  /** The text of a file, undefined where it cannot be read; of the machine's own files unless said otherwise. */
  readonly read?: (path: string) => string | undefined
}

/** Four readings a second: enough to see that a core is idle, and no work to speak of. */
export const readPeriodMs = 250

const statPath = '/proc/stat'
const pressurePath = '/proc/pressure/cpu'

/**
 * Reads the load of the node's CPUs every so often, and tells of each window between two sound readings.
 *
 * @param failed told once, before this returns or later, where no reading has succeeded: nothing is told then.
 * @returns ends it.
 */
export function watchLoad(settings: LoadSettings, tell: (reading: LoadReading) => void, failed: (reason: string) => void): () => void {
  const { periodMs = readPeriodMs, clock, read = readProc } = settings
  let last: Sample | undefined
  let hasFailed = false
  let endPause: (() => void) | undefined

  function look(): void {
    endPause = clock.after(periodMs, look)
    const sample = takeSample(clock.now(), read)
    if (typeof sample === 'string') {
      if (last === undefined && !hasFailed) failed(sample)
      hasFailed = true
      return
    }
    const reading = last && loadBetween(last, sample)
    last = sample
    if (reading !== undefined) tell(reading)
  }

  look()
  return () => endPause?.()
}

/** @returns why there is none, where there is none. */
function takeSample(at: number, read: (path: string) => string | undefined): Sample | string {
  const text = read(statPath)
  if (text === undefined) return `${statPath} cannot be read`
  const times = parseStat(text)
  if (times === undefined) return `${statPath} does not say how long the CPUs were idle`
  const pressure = read(pressurePath)
  return { at, times, pressureUs: pressure === undefined ? undefined : parsePressure(pressure) }
}

/** Without waiting for anything: files of /proc are made by the kernel as they are read. */
function readProc(path: string): string | undefined {
  try {
    return readFileSync(path, 'latin1')
  } catch {
    return undefined
  }
}
