import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Test } from 'tap'
import { type Command, type Finished, type Outputs, type Running, start } from './run.ts'

/** A program's end, and the system calls that it made: `write(1, "Done!\n", 6) = 6`. */
export interface Traced extends Finished {
  readonly calls: readonly string[]
}

/** A program that runs under strace; `pid` is strace's. */
export interface RunningTraced extends Running {
  /** The system calls that it has made until now. */
  calls(): readonly string[]
  finish(): Promise<Traced>
}

/** Runs a program under strace to its end, as {@link startTraced}. */
export async function traced(t: Test, flags: readonly string[], command: Command, outputs?: Outputs): Promise<Traced> {
  return await startTraced(t, flags, command, outputs).finish()
}

/**
 * Starts a program under strace.
 *
 * @param flags of strace, such as what it is to inject.
 */
export function startTraced(t: Test, flags: readonly string[], command: Command, outputs: Outputs = {}): RunningTraced {
  const file = join(t.testdir({}), 'calls')
  const running = start(t, ['strace', ...flags, '--quiet=exit', '-o', file, ...command], outputs)
  const calls = (): readonly string[] => (existsSync(file) ? readCalls(readFileSync(file, 'utf8')) : [])
  return {
    ...running,
    calls,
    async finish() {
      const finished = await running.finish()
      return { ...finished, calls: calls() }
    },
  }
}

function readCalls(text: string): readonly string[] {
  const lines = text.split('\n').filter((line) => line !== '')
  // strace lines the results up in a column.
  return lines.map((line) => line.replace(/ +=/, ' ='))
}
