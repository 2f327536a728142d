import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import type { Test } from 'tap'
import { isObject } from '../../src/units/json.ts'
import type { HeapReport } from './report-heap.ts'
import { within } from './until.ts'
import { launcher } from './usher-process.ts'

/** A lock in a process of its own, which says what it uses. */
export interface LockWithHeap {
  readonly port: number
  /** After a forced collection of garbage. */
  heap(): Promise<HeapReport>
  /** How many descriptors it has open. */
  descriptors(): number
}

const reporter = fileURLToPath(new URL('report-heap.ts', import.meta.url))
const patienceMs = 30_000

/** Starts `usher lock` on a free port of the loopback; it ends with the test. */
export async function startLockWithHeap(t: Test, flags: readonly string[]): Promise<LockWithHeap> {
  const args = ['--expose-gc', '--import', reporter, launcher, 'lock', '--host', '127.0.0.1', '--port', '0', ...flags]
  // An environment of its own: tap puts hooks into ours.
  const child = spawn(process.execPath, args, { env: { PATH: process.env['PATH'] }, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] })
  const end = (): void => void child.kill('SIGKILL')
  process.once('exit', end)
  t.teardown(async () => {
    process.off('exit', end)
    if (child.exitCode !== null || child.signalCode !== null) return
    const ended = once(child, 'exit')
    end()
    await ended
  })
  const port = await within(patienceMs, 'the lock listens', listening(child))
  return {
    port,
    heap: () => within(patienceMs, 'the lock says what it uses', heapOf(child)),
    descriptors: () => readdirSync(`/proc/${child.pid}/fd`).length,
  }
}

async function listening(child: ChildProcess): Promise<number> {
  if (child.stdout === null) throw new Error('its log cannot be read')
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.once('exit', (code) => reject(new Error(`the lock has ended with ${code}`)))
  // The log is read to its end, and not kept.
  createInterface({ input: child.stdout }).on('line', (line) => {
    const entry: unknown = line.includes('"listening"') ? JSON.parse(line) : undefined
    if (isObject(entry) && typeof entry['port'] === 'number') resolve(entry['port'])
  })
  return await promise
}

async function heapOf(child: ChildProcess): Promise<HeapReport> {
  const { promise, resolve, reject } = Promise.withResolvers<HeapReport>()
  const ended = (): void => reject(new Error('the lock has ended'))
  child.once('exit', ended)
  child.once('message', (report) => (isHeapReport(report) ? resolve(report) : reject(new Error('it does not say'))))
  child.send('heap')
  try {
    return await promise
  } finally {
    child.off('exit', ended)
  }
}

function isHeapReport(value: unknown): value is HeapReport {
  return isObject(value) && typeof value['heapUsed'] === 'number' && typeof value['rss'] === 'number'
}
