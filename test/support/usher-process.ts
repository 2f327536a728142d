import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import type { Server } from './tls-client.ts'
import { until, within } from './until.ts'

/** The command line's launcher. */
export const launcher = fileURLToPath(new URL('../../src/cli/launch.js', import.meta.url))

/** How a process is started. */
export interface Starting {
  /** The Node that runs the launcher; this one, unless said otherwise. */
  readonly node?: string
  /** Flags of Node itself. */
  readonly nodeFlags?: readonly string[]
  /** The script that is run; the launcher, unless said otherwise. */
  readonly script?: string
  readonly cwd?: string
  readonly env?: Readonly<Record<string, string>>
  /** What comes in by its standard input; nothing, unless said otherwise. */
  readonly stdin?: string | Uint8Array
}

/** How a process has ended. */
export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

/** What a process has said until its end. */
export interface Finished extends Ended {
  readonly stdout: string
  /** The bytes of stdout, for what may not be UTF-8. */
  readonly bytes: Buffer
  readonly stderr: string
}

// Starts take a third less.
const compileCache = fileURLToPath(new URL('../../.tap/compile-cache', import.meta.url))

// A start takes a second; this only tells it from a hang.
const patienceMs = 30_000

/** Runs a command line of usher to its end. */
export async function runUsher(t: Test, args: readonly string[], starting: Starting = {}): Promise<Finished> {
  const running = start(t, args, starting)
  const ended = await within(patienceMs, `usher ${args.join(' ')} ends`, running.ended)
  return { ...ended, stdout: running.stdout(), bytes: running.bytes(), stderr: running.stderr() }
}

/** A webhook that runs as a process of its own. */
export interface WebhookProcess extends Server {
  readonly probePort: number
  readonly pid: number
  /** When it has ended, and all that it wrote has been read. */
  readonly ended: Promise<Ended>
  /** Its log. */
  text(): string
  /** Waits for a line of the log with this message. */
  line(message: string): Promise<JsonObject>
  /** All lines of the log with this message. */
  lines(message: string): readonly JsonObject[]
  kill(signal: NodeJS.Signals): void
  /** Stops reading its log, as a reader that has died. */
  closeStdout(): void
  /** What the probe port answers. */
  probe(path: string): Promise<{ readonly status: number; readonly body: string }>
}

/** Starts `usher webhook` on free ports of the loopback and waits until it listens. */
export async function startWebhook(t: Test, flags: readonly string[] = [], starting: Starting = {}): Promise<WebhookProcess> {
  const folder = mkdtempSync(join(tmpdir(), 'usher-webhook-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  const given = ['--host', '127.0.0.1', '--port', '0', '--probe-port', '0', '--certs', folder, ...flags]
  const running = start(t, ['webhook', ...given], starting)
  const lines = (message: string) => running.lines.filter(({ msg }) => msg === message)
  const line = (message: string) =>
    until(() => `the log says ${message}: ${running.stdout()}${running.stderr()}`, () => lines(message).at(0))
  const early = running.ended.then(({ code }) => {
    throw new Error(`the webhook ended with ${code}: ${running.stderr()}`)
  })
  const { port, probePort } = await Promise.race([line('listening'), early])
  early.catch(() => {})
  if (typeof port !== 'number' || typeof probePort !== 'number') throw new Error('the log does not name the ports')
  return {
    port,
    probePort,
    pid: running.pid,
    ca: await readFile(join(folder, 'ca.crt'), 'utf8').catch(() => ''),
    ended: running.ended,
    text: running.stdout,
    line,
    lines,
    kill: running.kill,
    closeStdout: running.closeStdout,
    async probe(path) {
      const response = await fetch(`http://127.0.0.1:${probePort}${path}`)
      return { status: response.status, body: await response.text() }
    },
  }
}

/** A process of usher, and what it has written so far. */
export interface Running {
  readonly pid: number
  readonly ended: Promise<Ended>
  readonly lines: JsonObject[]
  bytes(): Buffer
  stdout(): string
  stderr(): string
  kill(signal: NodeJS.Signals): void
  closeStdout(): void
}

/** Starts a command line of usher, which ends with the test at the latest. */
export function start(t: Test, args: readonly string[], starting: Starting): Running {
  const { child, ended } = spawnUsher(t, args, starting)
  // It may end before it has read all.
  child.stdin.on('error', () => {})
  child.stdin.end(starting.stdin)
  const written: Buffer[] = []
  let stderr = ''
  const lines: JsonObject[] = []
  child.stdout.on('data', (chunk: Buffer) => written.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()))
  createInterface({ input: child.stdout }).on('line', (line) => {
    const entry = readLine(line)
    if (entry !== undefined) lines.push(entry)
  })
  return {
    pid: child.pid ?? 0,
    ended,
    lines,
    bytes: () => Buffer.concat(written),
    stdout: () => Buffer.concat(written).toString(),
    stderr: () => stderr,
    kill: (signal) => void child.kill(signal),
    closeStdout: () => void child.stdout.destroy(),
  }
}

/** A process of usher, of which nothing is read or written yet. */
export interface Spawned {
  readonly child: ChildProcessWithoutNullStreams
  /** When it has ended, and its output was closed. */
  readonly ended: Promise<Ended>
}

/** Starts a command line of usher, which ends with the test at the latest; `stdin` is left to the caller. */
export function spawnUsher(t: Test, args: readonly string[], starting: Starting): Spawned {
  const { node = process.execPath, nodeFlags = [], script = launcher, cwd, env = {} } = starting
  // An environment of its own: tap puts hooks into ours.
  const environment = { PATH: process.env['PATH'], NODE_COMPILE_CACHE: compileCache, ...env }
  const child = spawn(node, [...nodeFlags, script, ...args], { cwd, env: environment })
  const { promise: ended, resolve, reject } = Promise.withResolvers<Ended>()
  child.on('error', reject)
  child.on('close', (code, signal) => resolve({ code, signal }))
  // Not SIGKILL at once: a launcher could not hand it on.
  const end = (): void => void child.kill('SIGTERM')
  // Teardowns do not come where tests are ended from outside.
  process.once('exit', end)
  t.teardown(async () => {
    process.off('exit', end)
    end()
    await within(patienceMs, 'the process ends', ended).catch(() => child.kill('SIGKILL'))
  })
  return { child, ended }
}

function readLine(line: string): JsonObject | undefined {
  try {
    const entry: unknown = JSON.parse(line)
    return isObject(entry) ? entry : undefined
  } catch {
    return undefined
  }
}
