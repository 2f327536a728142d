import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { bundle } from '../../../deploy/images/bundle.ts'
import { isObject } from '../../../src/units/json.ts'

/** A lock in a process of its own, bundled and started as its image does. */
export interface LockProcess {
  readonly port: number
  readonly pid: number
  /** Anonymous memory that is resident, in KiB (RssAnon): without what the kernel can drop, as code of a file. */
  anonymousKib(): number
  /** Ends it, and waits until it has. */
  stop(): Promise<void>
}

// As in the chart: one thread, because Node may hang at its end with more, a small heap, and a young generation of
// 1 MiB: a lock has little to keep, and there is one on every node.
const nodeFlags = ['--single-threaded', '--optimize-for-size', '--max-semi-space-size=1']

/** Bundles the lock of this checkout and starts it on a free port of the loopback. */
export async function startLock(flags: readonly string[], stateFolder: string): Promise<LockProcess> {
  const program = await bundle('lock')
  const given = ['--host', '127.0.0.1', '--port', '0', '--state-dir', stateFolder, '--max-waiting-per-peer', '2000', ...flags]
  const child = spawn(process.execPath, [...nodeFlags, program, ...given], { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = new Promise<void>((resolve) => child.on('close', () => resolve()))
  const stop = async (): Promise<void> => {
    child.kill('SIGTERM')
    await ended
  }
  const { promise, resolve, reject } = Promise.withResolvers<number>()
  child.on('error', reject)
  void ended.then(() => reject(new Error('the lock has ended')))
  createInterface({ input: child.stdout }).on('line', (line) => {
    const entry: unknown = line.includes('"listening"') ? JSON.parse(line) : undefined
    if (isObject(entry) && typeof entry['port'] === 'number') resolve(entry['port'])
  })
  try {
    const port = await promise
    const pid = child.pid ?? 0
    return { port, pid, anonymousKib: () => anonymousKib(pid), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function anonymousKib(pid: number): number {
  const kib = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]
  if (kib === undefined) throw new Error('the kernel does not tell RssAnon')
  return Number(kib)
}
