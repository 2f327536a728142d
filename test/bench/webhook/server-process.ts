import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { isObject } from '../../../src/units/json.ts'
import type { HeapReport } from '../../support/report-heap.ts'

/** A server under load, in a process of its own. */
export interface ServerProcess {
  readonly name: string
  readonly port: number
  readonly pid: number
  /** The file of the CA that its certificate is of. */
  readonly ca: string
  /** What it uses after a forced collection of garbage; only where it was started for that. */
  heap(): Promise<HeapReport>
  /** Ends it, and waits until it has. */
  stop(): Promise<void>
}

/** How usher is started. */
export interface UsherOptions {
  /** The checkout that it is run from. */
  readonly tree: string
  /** Where its certificates and its log go. */
  readonly folder: string
  readonly withHeap?: boolean
}

const here = fileURLToPath(new URL('.', import.meta.url))
const startWithinMs = 20_000
const stopWithinMs = 12_000

/** Starts usher with everything on, as in a cluster, but for the address and the certificates. */
export async function startUsher({ tree, folder, withHeap = false }: UsherOptions): Promise<ServerProcess> {
  const watched = withHeap ? ['--expose-gc', '--import', join(here, '../../support/report-heap.ts')] : []
  const flags = ['--host', '127.0.0.1', '--port', '0', '--probe-port', '0', '--certs', folder, '--kube-version', '1.37']
  const args = [...watched, join(tree, 'src/cli/launch.js'), 'webhook', ...flags]
  return startServer('usher', args, { cwd: tree, folder })
}

/** Starts the floor, with usher's certificates and answers of the same length. */
export async function startFloor(folder: string, answerBytes: number): Promise<ServerProcess> {
  const args = [join(here, 'floor.ts'), '--certs', folder, '--answer-bytes', String(answerBytes)]
  return startServer('floor', args, { cwd: here, folder })
}

/** Where a server runs. */
export interface ServerPlace {
  readonly cwd: string
  /** Where its log goes, and its certificates are. */
  readonly folder: string
  /** What its environment has beside ours. */
  readonly env?: Readonly<Record<string, string>>
}

/** Starts Node with a server that says in its log where it listens, and waits for that. */
export async function startServer(name: string, args: readonly string[], { cwd, folder, env }: ServerPlace): Promise<ServerProcess> {
  const logFile = join(folder, `${name}.log`)
  const log = openSync(logFile, 'w')
  const child = spawn(process.execPath, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', log, log, 'ipc'] })
  closeSync(log)
  const { promise: ended, resolve, reject } = Promise.withResolvers<void>()
  child.on('error', reject)
  child.on('exit', () => resolve())

  async function stop(): Promise<void> {
    child.kill('SIGTERM')
    const timer = setTimeout(() => child.kill('SIGKILL'), stopWithinMs)
    await ended
    clearTimeout(timer)
  }

  try {
    const port = await listening(child, logFile)
    const pid = child.pid ?? 0
    return { name, port, pid, ca: join(folder, 'ca.crt'), heap: async () => heapOf(child), stop }
  } catch (error) {
    await stop()
    throw new Error(`${name} does not start: ${readFileSync(logFile, 'utf8').slice(-2_000)}`, { cause: error })
  }
}

/** Waits for the line of the log that says where the server listens. */
async function listening(child: ChildProcess, logFile: string): Promise<number> {
  const untilMs = Date.now() + startWithinMs
  while (child.exitCode === null && child.signalCode === null && Date.now() < untilMs) {
    const line = readFileSync(logFile, 'utf8')
      .split('\n')
      .find((each) => each.endsWith('}') && each.includes('"listening"'))
    if (line !== undefined) {
      const { port }: { port: number } = JSON.parse(line)
      return port
    }
    await delay(20)
  }
  throw new Error('it does not listen')
}

async function heapOf(child: ChildProcess): Promise<HeapReport> {
  const { promise, resolve, reject } = Promise.withResolvers<HeapReport>()
  const gone = () => reject(new Error('the server has ended'))
  child.once('message', (report) => (isHeapReport(report) ? resolve(report) : reject(new Error('it does not say'))))
  child.once('exit', gone)
  child.send('heap')
  const report = await promise
  child.off('exit', gone)
  return report
}

function isHeapReport(value: unknown): value is HeapReport {
  return isObject(value) && typeof value['heapUsed'] === 'number' && typeof value['rss'] === 'number'
}
