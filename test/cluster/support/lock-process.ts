import { readFileSync } from 'node:fs'
import { cgroupProcesses } from '../cgroups.ts'

/** The process of a node's lock; undefined: it does not run. */
export function lockProcess(node = 'node-1'): number | undefined {
  return usherProcesses('lock', node)[0]
}

/** The processes of one of usher's commands on a node. */
export function usherProcesses(command: 'lock' | 'webhook', node = 'node-1'): readonly number[] {
  // By its own bundle, or as a command of the one that has them all.
  return [...cgroupProcesses(node)].filter((pid) => {
    const words = commandOf(pid)
    return words.some((word, index) => word.endsWith(`/${command}.mjs`) || (word.endsWith('/usher.mjs') && words[index + 1] === command))
  })
}

/**
 * Kills the lock's process on a node as the kernel does when memory is short: SIGKILL, and nobody is told.
 * Gives its pid; undefined: it was not running.
 */
export function killLock(node = 'node-1'): number | undefined {
  const pid = lockProcess(node)
  if (pid !== undefined) process.kill(pid, 'SIGKILL')
  return pid
}

/** The anonymous memory of a process, in bytes. */
export function anonymousMemory(pid: number): number {
  const kilobytes = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  return Number(kilobytes) * 1_024
}

function commandOf(pid: number): readonly string[] {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0')
  } catch {
    // It has ended meanwhile.
    return []
  }
}
