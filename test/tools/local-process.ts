import { spawn } from 'node:child_process'
import type { Test } from 'tap'
import { within } from '../support/until.ts'

/** What servers end with: a test, or a benchmark. */
export type Owner = Pick<Test, 'teardown'>

/** A server that runs beside the tests. */
export interface LocalProcess {
  /** Of a guard, which ends when the server has ended. */
  readonly pid: number
  /** Rejects when the server ends, with what it said last; does not resolve. */
  readonly ended: Promise<never>
  /** Kills it, and waits until it has ended. */
  stop(): Promise<void>
}

// Tests that time out or are interrupted are killed without a word, and the server would stay. So a guard waits at a
// pipe that only the tests hold open. The servers have nothing to lose: they need no time to shut down.
const guard = `
  exec 3<&0
  "$@" < /dev/null 3<&- &
  server=$!
  (exec 2> /dev/null; read -r -u 3; kill -KILL "$server") &
  waiting=$!
  wait "$server"
  code=$?
  kill "$waiting" 2> /dev/null
  exit "$code"
`

// An end takes milliseconds; this only tells it from a hang.
const patienceMs = 30_000
// Servers log for as long as they run; the reason of an end stands in the last lines.
const keptLogLength = 4_000

/** Starts a server, which is stopped when the test ends, however it ends. */
export function startLocalProcess(t: Owner, command: string, args: readonly string[], cwd: string): LocalProcess {
  const env = { PATH: process.env['PATH'] }
  // A bash whose input is a socket takes itself for a remote shell and reads its start-up files.
  const child = spawn('bash', ['--norc', '-c', guard, 'guard', command, ...args], {
    cwd,
    env,
    // Not in the group that a terminal interrupts: the guard has to survive the tests.
    detached: true,
    stdio: ['pipe', 'ignore', 'pipe'],
  })
  let log = ''
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => (log = (log + chunk).slice(-keptLogLength)))
  const { promise: closed, resolve } = Promise.withResolvers<void>()
  const { promise: ended, reject } = Promise.withResolvers<never>()
  ended.catch(() => {})
  child.on('error', (error) => {
    reject(error)
    resolve()
  })
  child.on('close', (code, signal) => {
    reject(new Error(`${command} ended with ${code ?? signal}: ${log}`))
    resolve()
  })
  child.stdin.on('error', () => {})
  const stop = async (): Promise<void> => {
    child.stdin.end()
    await within(patienceMs, `${command} ends`, closed)
  }
  t.teardown(stop)
  return { pid: child.pid ?? 0, ended, stop }
}
