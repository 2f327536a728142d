import type { Test } from 'tap'
import type { JsonObject } from '../../src/units/json.ts'
import { ask } from './lock-process.ts'
import { type Ended, start, type Starting } from './usher-process.ts'
import { until } from './until.ts'

/** A `usher node-health` that runs as a process of its own. */
export interface NodeHealthProcess {
  readonly port: number
  readonly ended: Promise<Ended>
  /** Its log. */
  text(): string
  /** All lines of the log with this message. */
  lines(message: string): readonly JsonObject[]
  kill(signal: NodeJS.Signals): void
}

/** Starts it on a free port of the loopback, and waits until it listens. */
export async function startNodeHealth(t: Test, flags: readonly string[], starting: Starting = {}): Promise<NodeHealthProcess> {
  const running = start(t, ['node-health', '-host', '127.0.0.1', '-port', '0', ...flags], starting)
  const lines = (message: string) => running.lines.filter(({ msg }) => msg === message)
  const early = running.ended.then(({ code }) => {
    throw new Error(`node-health ended with ${code}: ${running.stderr()}${running.stdout()}`)
  })
  early.catch(() => {})
  const { port } = await Promise.race([until('it listens', () => lines('listening').at(0)), early])
  if (typeof port !== 'number') throw new Error('the log does not name the port')
  return { port, ended: running.ended, text: running.stdout, lines, kill: running.kill }
}

/** What it answers: status and body. */
export async function healthOf(t: Test, health: { readonly port: number }, target = '/'): Promise<string> {
  const { status, body } = await ask(t, health, target)
  return `${status} ${body}`
}

/** Waits until it answers so. */
export async function becomes(t: Test, health: NodeHealthProcess, status: 200 | 412, ms?: number): Promise<void> {
  const expected = status === 200 ? '200 HealthCheck OK' : '412 HealthCheck Failed'
  await until(() => `it answers ${status}; its log: ${health.text()}`, async () => (await healthOf(t, health)) === expected, ms)
}
