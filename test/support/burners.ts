import { spawn } from 'node:child_process'
import { availableParallelism, setPriority } from 'node:os'
import type { Test } from 'tap'

const lowest = 19
const longestMs = 60_000

/** Processes that want CPUs, three for each core, and nothing else; at the lowest priority, and a minute at most. */
export function burn(t: Test): () => void {
  const children = Array.from({ length: 3 * availableParallelism() }, () => {
    const child = spawn(process.execPath, ['-e', `for (const end = Date.now() + ${longestMs}; Date.now() < end; );`], { stdio: 'ignore' })
    if (child.pid !== undefined) setPriority(child.pid, lowest)
    return child
  })
  const stop = (): void => {
    for (const child of children) child.kill('SIGKILL')
  }
  t.teardown(stop)
  return stop
}
