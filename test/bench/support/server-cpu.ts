import { readFileSync } from 'node:fs'

// USER_HZ: what /proc counts in, on every architecture that Node runs on.
const ticksPerSecond = 100

/**
 * The CPU time that a process has used, all its threads together, in user and in system mode.
 *
 * @returns seconds, in steps of 10 ms (proc_pid_stat(5), utime and stime).
 */
export function cpuSecondsOf(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  // The program's name, in parentheses, may hold spaces; the state, field 3, is the first after it.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const ticks = Number(fields[11]) + Number(fields[12])
  if (!Number.isFinite(ticks)) throw new Error(`/proc/${pid}/stat cannot be read`)
  return ticks / ticksPerSecond
}
