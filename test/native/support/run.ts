import { type ChildProcess, spawn } from 'node:child_process'
import type { Test } from 'tap'
import { within } from '../../support/until.ts'

/** A command line: the program, and what it is told. */
export type Command = readonly [program: string, ...args: string[]]

/** Where a program's output goes: read by the test, unless a descriptor is given. */
export interface Outputs {
  readonly stdout?: number | undefined
  readonly stderr?: number | undefined
}

/** How a program has ended, and what it wrote. */
export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

/** A program that runs. */
export interface Running {
  readonly pid: number
  stdout(): string
  kill(signal: NodeJS.Signals): void
  /** Waits for its end, and that all it wrote has been read. */
  finish(): Promise<Finished>
}

// No program of these tests works for longer than a second; this only tells a slow machine from a hang.
const patienceMs = 30_000

/** Runs a program to its end. */
export async function run(t: Test, command: Command, outputs: Outputs = {}): Promise<Finished> {
  return await start(t, command, outputs).finish()
}

/** Starts a program, which ends with the test at the latest. */
export function start(t: Test, [program, ...args]: Command, { stdout, stderr }: Outputs = {}): Running {
  const stdio = ['ignore', stdout ?? 'pipe', stderr ?? 'pipe'] as const
  // An environment of its own: tap puts hooks into ours.
  const child: ChildProcess = spawn(program, args, { stdio: [...stdio], env: { PATH: process.env['PATH'] } })
  const written = { stdout: '', stderr: '' }
  // Byte by byte, so that nothing stray is taken for something else.
  child.stdout?.setEncoding('latin1').on('data', (text: string) => (written.stdout += text))
  child.stderr?.setEncoding('latin1').on('data', (text: string) => (written.stderr += text))
  const { promise: ended, resolve, reject } = Promise.withResolvers<Finished>()
  child.on('error', reject)
  child.on('close', (code, signal) => resolve({ code, signal, ...written }))
  ended.catch(() => {})
  t.teardown(() => void child.kill('SIGKILL'))
  return {
    pid: child.pid ?? 0,
    stdout: () => written.stdout,
    kill: (signal) => void child.kill(signal),
    finish: () => within(patienceMs, `${program} ${args.join(' ')} ends`, ended),
  }
}
