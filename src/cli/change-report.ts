import { printable } from '../terminal/columns.ts'
import type { Output } from './command.ts'
import { OutputError, outputFlow } from './output-flow.ts'
import { waitingLines } from './waiting-lines.ts'

/** Tells what is done to a cluster, line by line. Nobody there to be told is no reason to stop halfway. */
export interface ChangeReport {
  say(line: string): Promise<void>
  /** What has become of something: `created  Deployment usher-webhook`. */
  done(verb: string, title: string): Promise<void>
  /** What is waited for, as it is now; `say` and `done` stand above it. */
  waiting(lines: readonly string[]): Promise<void>
  /** Nothing is waited for any more. */
  rest(): Promise<void>
}

// As long as the longest of them: unchanged.
const verbWidth = 10

/** @param note stands behind each line of what was done: ` (dry run)` */
export function changeReport({ stdout }: Output, note = ''): ChangeReport {
  const flow = outputFlow(stdout)
  const lines = waitingLines(stdout, write)
  async function write(text: string): Promise<void> {
    try {
      await flow.write(text)
    } catch (error) {
      if (!(error instanceof OutputError)) throw error
    }
  }
  async function say(line: string): Promise<void> {
    await lines.clear()
    await write(`${line}\n`)
  }
  return {
    say,
    done: (verb, title) => say(`${verb.padEnd(verbWidth)} ${title}${note}`),
    waiting: (shown) => lines.show(shown.map(printable)),
    rest: () => lines.clear(),
  }
}
