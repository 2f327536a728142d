import { type Check, parseCheck } from '../../src/lock/gates/check.ts'
import type { Outcome } from '../../src/lock/gates/outcome.ts'
import { runCheck } from '../../src/lock/gates/run-check.ts'
import type { Target } from './check-target.ts'

/** A timeout that no check on the loopback comes near. */
export const patienceMs = 20_000

/** Reads a check that must be one. */
export function checkOf(text: string): Check {
  const check = parseCheck(text)
  if ('problem' in check) throw new Error(check.problem)
  return check
}

/** Runs a check once. */
export function run(text: string, timeoutMs = patienceMs, signal = new AbortController().signal): Promise<Outcome> {
  return runCheck(checkOf(text), timeoutMs, signal)
}

/** Where a server of the test is asked. */
export function at({ port }: Target, scheme = 'http'): string {
  return `${scheme}://127.0.0.1:${port}`
}
