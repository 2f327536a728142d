import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { until } from '../support/until.ts'

/** The command line that plays the demo. */
export const demoCommand = [process.execPath, fileURLToPath(new URL('../../src/cli/launch.js', import.meta.url)), 'demo']

/** A demo that plays, with a folder for temporary files of its own. */
export interface Playing {
  readonly child: ChildProcess
  readonly temporary: string
  stdout(): string
  stderr(): string
  /** Waits until stdout has this. */
  says(text: string): Promise<void>
  /** Its exit code, and that of its processes which are left. */
  readonly ended: Promise<{ readonly code: number | null; readonly left: readonly Descendant[] }>
  /** The processes that it has started, and that run. */
  descendants(): readonly Descendant[]
}

/** A process that the demo has started. */
export interface Descendant {
  readonly pid: number
  /** In clock ticks since the boot: with the pid, its name for ever. */
  readonly startedAt: string
  readonly command: string
}

const lookEveryMs = 150

/** Plays the demo, or a command that does. */
export function playDemo(t: Test, command: readonly string[], env: NodeJS.ProcessEnv = {}): Playing {
  const temporary = t.testdir({})
  const [file = '', ...args] = command
  const child = spawn(file, args, { env: { PATH: process.env['PATH'], TMPDIR: temporary, ...env } })
  t.teardown(() => void child.kill('SIGTERM'))
  let [stdout, stderr] = ['', '']
  const seen = new Map<string, Descendant>()
  const look = (): void => {
    for (const each of descendantsOf(child.pid ?? 0)) seen.set(`${each.pid} ${each.startedAt}`, each)
  }
  const timer = setInterval(look, lookEveryMs)
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  const { promise: ended, resolve } = Promise.withResolvers<Awaited<Playing['ended']>>()
  child.on('close', (code) => {
    clearInterval(timer)
    const left = [...seen.values()].filter(({ pid, startedAt }) => statOf(pid)?.startedAt === startedAt)
    resolve({ code, left })
  })
  return {
    child,
    temporary,
    stdout: () => stdout,
    stderr: () => stderr,
    async says(text) {
      await until(() => `the demo says ${text}; it said: ${stdout.slice(-500)}${stderr}`, () => stdout.includes(text))
    },
    ended,
    descendants() {
      return descendantsOf(child.pid ?? 0)
    },
  }
}

function descendantsOf(root: number): readonly Descendant[] {
  const stats = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => statOf(Number(name)) ?? [])
  const found: Descendant[] = []
  const family = new Set([root])
  // Parents have lower pids than their children, but after a wrap: then it takes another round.
  for (let size = 0; size !== family.size;) {
    size = family.size
    for (const { pid, parent } of stats) if (family.has(parent)) family.add(pid)
  }
  for (const { pid, startedAt } of stats) {
    if (pid !== root && family.has(pid)) found.push({ pid, startedAt, command: commandOf(pid) })
  }
  return found
}

// proc_pid_stat(5): the name, in parentheses, may hold anything; then come state, parent, and the start as the 20th.
function statOf(pid: number): { readonly pid: number; readonly parent: number; readonly startedAt: string } | undefined {
  const text = read(`/proc/${pid}/stat`)
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, parent] = fields
  return parent === undefined || state === 'Z' ? undefined : { pid, parent: Number(parent), startedAt: fields[19] ?? '' }
}

function commandOf(pid: number): string {
  return read(`/proc/${pid}/cmdline`).replaceAll('\0', ' ')
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return ''
  }
}
