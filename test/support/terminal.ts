import { spawn } from 'node:child_process'
import type { Test } from 'tap'
import { until } from './until.ts'

/** A command that runs at a terminal. */
export interface OnTerminal {
  /** Waits until it has written this. */
  says(words: string): Promise<unknown>
  /** Types. */
  write(text: string): void
  /** Its exit code, once it has ended. */
  readonly ended: Promise<number | null>
  /** What it has written so far, to stdout or stderr: a terminal has one of them. */
  text(): string
}

// A start takes a second, and much longer on a busy machine.
const patienceMs = 60_000

/** Runs a line of a shell at a terminal, which util-linux's `script` makes. It ends with the test. */
export function runOnTerminal(t: Test, line: string, env: NodeJS.ProcessEnv = {}): OnTerminal {
  const child = spawn('script', ['-qec', line, '/dev/null'], { env: { PATH: process.env['PATH'], TERM: 'xterm-256color', ...env } })
  let text = ''
  child.stdout.on('data', (chunk: Buffer) => (text += chunk.toString()))
  const { promise: ended, resolve, reject } = Promise.withResolvers<number | null>()
  child.on('error', reject)
  child.on('close', resolve)
  t.teardown(() => child.kill())
  return {
    says: (words) => until(() => `it says ${words}: ${text}`, () => text.includes(words), patienceMs),
    write: (typed) => void child.stdin.write(typed),
    ended,
    text: () => text,
  }
}
