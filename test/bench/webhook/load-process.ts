import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fileURLToPath } from 'node:url'
import type { ServerProcess } from './server-process.ts'

/** What one run of the load generator has seen of one server. */
export interface LoadResult {
  /** All of them right; a wrong one ends the run. */
  readonly answers: number
  /** How long reviews were sent to it. */
  readonly seconds: number
  /** The server's CPU time meanwhile, in user and in system mode. */
  readonly cpuSeconds: number
  readonly answerBytes: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  /** How late the generator itself was to send what was due, at a fixed rate. Is part of the latencies. */
  readonly lateP99Ms: number
}

/** What is sent to a server: on each connection again and again, for some seconds or so many; or at a fixed rate. */
export type Load =
  | { readonly connections: number; readonly seconds: number; readonly rate?: number }
  | { readonly connections: number; readonly count: number }

const program = fileURLToPath(new URL('load.ts', import.meta.url))

/**
 * Puts servers under load, by turns, from a process of its own.
 *
 * @returns what was seen of each, in their order.
 * @throws where an answer was wrong, or none came.
 */
export async function runLoad<const T extends readonly ServerProcess[]>(
  servers: T,
  load: Load,
  signal: AbortSignal,
): Promise<{ readonly [Index in keyof T]: LoadResult }> {
  const [{ ca } = { ca: '' }] = servers
  const flags = Object.entries({ ca, ...load }).map(([name, value]) => `--${name}=${value}`)
  const targets = servers.map(({ port, pid }) => `--server=${port}:${pid}`)
  const child = spawn(process.execPath, [program, ...flags, ...targets], { stdio: ['ignore', 'pipe', 'pipe'], signal })
  const { promise: ended, resolve, reject } = Promise.withResolvers<number | null>()
  child.on('error', reject)
  child.on('close', resolve)
  const [code, output, complaint] = await Promise.all([ended, text(child.stdout), text(child.stderr)])
  if (code !== 0) throw new Error(`the load generator failed: ${complaint.trim()}`)
  return JSON.parse(output)
}
