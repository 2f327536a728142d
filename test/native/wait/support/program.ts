import { type ChildProcess, spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import type { Test } from 'tap'
import { until, within } from '../../../support/until.ts'
import { readElf } from '../../support/elf.ts'
import { hostProgram, make, outputFolder, releaseProgram, succeed } from '../../support/programs.ts'

/** How usher-wait is started. */
export interface Starting {
  /** Its whole environment, but for what keeps the machine's own termination log out of it. */
  readonly env?: Readonly<Record<string, string>>
  /** A command line that starts it: the program and its arguments come behind. */
  readonly by?: readonly string[]
  /** Another program than the one that is tested: a copy of it. */
  readonly program?: string
  /** Where its standard output goes; read by the test, unless a descriptor is given. */
  readonly stdout?: number
}

/** How usher-wait has ended, and what it said. */
export interface Finished {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  /** The lines of stdout: what it says of the wait. */
  readonly lines: readonly string[]
  /** The lines of stderr: what is wrong with how it was called. */
  readonly problems: readonly string[]
}

/** An usher-wait that runs. */
export interface Running {
  readonly pid: number
  lines(): readonly string[]
  /** Waits for a line of its standard output. */
  line(pattern: RegExp): Promise<string>
  kill(signal: NodeJS.Signals): void
  finish(): Promise<Finished>
}

// No test's program works for longer than some seconds; this only tells a slow machine from a hang.
const patienceMs = 40_000

/**
 * The program that is tested, with nap and usher-probe beside it: the build for this machine; by WAIT_BUILD, `sanitized` or `released`,
 * another one; by WAIT_BINARY any.
 */
export function program(): string {
  return (built ??= build())
}

let built: string | undefined

function build(): string {
  const { WAIT_BINARY, WAIT_BUILD = 'host' } = process.env
  if (WAIT_BINARY !== undefined) return resolve(WAIT_BINARY)
  switch (WAIT_BUILD) {
    case 'host':
      hostProgram('nap')
      hostProgram('usher-probe')
      return hostProgram('usher-wait')
    case 'sanitized':
      succeed(make(['sanitized']))
      return join(outputFolder, 'sanitized', 'usher-wait')
    case 'released': {
      const here = process.arch === 'x64' ? 'amd64' : process.arch
      releaseProgram(here, 'nap')
      releaseProgram(here, 'usher-probe')
      return releaseProgram(here, 'usher-wait')
    }
    default:
      throw new Error(`WAIT_BUILD=${WAIT_BUILD}: host, sanitized and released are known`)
  }
}

/**
 * Why nothing can be said of its own system calls and memory, as tap's `skip` takes it: they are the sanitizer's as
 * well, or an emulator's.
 */
export function isDisguised(): string | false {
  if (emulator().length > 0) return 'is emulated'
  return isSanitized() && 'is sanitized'
}

/** What runs the program that is tested, by WAIT_EMULATOR: `qemu-s390x-static`, for one of another architecture. */
function emulator(): readonly string[] {
  const command = process.env['WAIT_EMULATOR']
  return command === undefined ? [] : [command]
}

/** Whether the program that is tested needs no libraries when it runs, as the released ones. */
export function isStatic(): boolean {
  return readElf(program()).segments.every(({ type }) => type !== 'INTERP')
}

function isSanitized(): boolean {
  return readFileSync(program()).includes('__asan_init')
}

/** Runs usher-wait to its end. */
export async function runWait(t: Test, args: readonly string[], starting: Starting = {}): Promise<Finished> {
  return await startWait(t, args, starting).finish()
}

/** Starts usher-wait, which ends with the test at the latest. */
export function startWait(t: Test, args: readonly string[], { env = {}, by = [], program: path = program(), stdout }: Starting = {}): Running {
  const [command = '', ...rest] = [...by, ...emulator(), path, ...args]
  const child: ChildProcess = spawn(command, rest, {
    stdio: ['ignore', stdout ?? 'pipe', 'pipe'],
    env: { USHER_TERMINATION_LOG: '/dev/null', ...env },
  })
  const written = { stdout: '', stderr: '' }
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (written.stdout += text))
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (written.stderr += text))
  const { promise: ended, resolve, reject } = Promise.withResolvers<Finished>()
  child.on('error', reject)
  child.on('close', (code, signal) =>
    resolve({ code, signal, lines: linesOf(written.stdout), problems: linesOf(written.stderr) }),
  )
  ended.catch(() => {})
  t.teardown(() => void child.kill('SIGKILL'))
  const explain = (error: unknown) => {
    throw new Error(`usher-wait ${args.join(' ')} has said so far: ${written.stdout}${written.stderr}`, { cause: error })
  }
  return {
    pid: child.pid ?? 0,
    lines: () => linesOf(written.stdout),
    line: (pattern) =>
      until(`usher-wait says ${pattern}`, () => linesOf(written.stdout).find((line) => pattern.test(line))).catch(explain),
    kill: (signal) => void child.kill(signal),
    finish: () => within(patienceMs, 'usher-wait ends', ended).catch(explain),
  }
}

/** Whole lines only: the last one may still be written. */
function linesOf(text: string): readonly string[] {
  return text.split('\n').slice(0, -1)
}
