import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { parsePressure } from '../../../src/lock/node-load/pressure.ts'
import { parseStat } from '../../../src/lock/node-load/stat.ts'

/** The counters of the machine's CPUs at a time. */
export interface CpuSample {
  /** Milliseconds of the machine's clock since its boot. */
  readonly uptimeMs: number
  readonly idle: number
  readonly nice: number
  readonly total: number
  readonly cores: number
  readonly pressureUs: number
}

/** What the CPUs have done between two samples. */
export interface CpuUse {
  /** Percent of the time in which some task waited for a CPU. */
  readonly pressure: number
  /** Part of the cores' time. */
  readonly idleShare: number
  /** The part that what runs with a lower priority has had. */
  readonly niceShare: number
  readonly cpuSeconds: number
}

// USER_HZ: what /proc counts in, on every architecture that Node runs on.
const jiffiesPerSecond = 100

/** Reads the counters. Throws where this kernel has none. */
export function sampleCpus(): CpuSample {
  const text = readFileSync('/proc/stat', 'latin1')
  const times = parseStat(text)
  const pressureUs = parsePressure(readFileSync('/proc/pressure/cpu', 'latin1'))
  if (times === undefined || pressureUs === undefined) throw new Error('this kernel does not tell the load of its CPUs')
  // Of the CPUs together, the second number: proc_stat(5).
  const nice = Number(/^cpu +\d+ (\d+) /m.exec(text)?.[1])
  return { uptimeMs: Math.round(Number(process.hrtime.bigint()) / 1e6), ...times, nice, pressureUs }
}

/** What has come of the time between two samples. */
export function cpuUse(before: CpuSample, after: CpuSample): CpuUse {
  const [idle, total, ms] = [after.idle - before.idle, after.total - before.total, after.uptimeMs - before.uptimeMs]
  return {
    pressure: Math.min(100, ((after.pressureUs - before.pressureUs) / (ms * 1_000)) * 100),
    idleShare: total > 0 ? idle / total : 1,
    niceShare: total > 0 ? (after.nice - before.nice) / total : 0,
    cpuSeconds: (total - idle) / jiffiesPerSecond,
  }
}

/** Waits a little until the machine has nothing else to do, and says how many cores were idle in the end. */
export async function quietCores(signal: AbortSignal, tries: number): Promise<number> {
  const before = sampleCpus()
  await pause(quietMs, undefined, { signal })
  const idle = Math.round(cpuUse(before, sampleCpus()).idleShare * before.cores * 100) / 100
  return idle >= before.cores * quietShare || tries <= 1 ? idle : quietCores(signal, tries - 1)
}

const quietMs = 4_000
const quietShare = 0.8
