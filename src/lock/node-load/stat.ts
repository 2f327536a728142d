/** What `/proc/stat` says of all CPUs together. Times in jiffies since the boot, summed over the cores. */
export interface CpuTimes {
  /** Without work, or without work but for the disk. */
  readonly idle: number
  readonly total: number
  readonly cores: number
}

// user nice system idle iowait irq softirq steal: proc_stat(5). The rest, guests' time, is part of user and nice.
const fields = 8
const idleField = 3
const iowaitField = 4

const sumLine = /^cpu +(\d+(?: +\d+)*) *$/
const coreLine = /^cpu\d+ /

/** Reads `/proc/stat`; undefined where the text is something else. */
export function parseStat(text: string): CpuTimes | undefined {
  let times: readonly number[] | undefined
  let cores = 0
  for (const line of text.split('\n')) {
    if (!line.startsWith('cpu')) continue
    if (coreLine.test(line)) cores++
    else times ??= sumLine.exec(line)?.[1]?.split(/ +/).slice(0, fields).map(Number)
  }
  if (times === undefined || times.length < fields || cores === 0) return undefined
  const idle = (times[idleField] ?? 0) + (times[iowaitField] ?? 0)
  const total = times.reduce((sum, each) => sum + each, 0)
  return Number.isSafeInteger(total) ? { idle, total, cores } : undefined
}

/**
 * The part of the cores' time between two readings that was idle, from 0 to 1; undefined where they say nothing: counters
 * that stand still, or step back, as iowait does, and steal where a virtual machine moves (proc_stat(5)).
 */
export function idleShare(before: CpuTimes, after: CpuTimes): number | undefined {
  const idle = after.idle - before.idle
  const total = after.total - before.total
  return total > 0 && idle >= 0 && idle <= total ? idle / total : undefined
}
