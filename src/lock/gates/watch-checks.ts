import type { Clock } from '../../units/clock.ts'
import type { Check } from './check.ts'
import { runCheck } from './run-check.ts'

/** How checks are repeated. Times in milliseconds. */
export interface CheckSettings {
  /** From a failure to the next try. */
  readonly failPauseMs: number
  /** From a pass to the next try. */
  readonly passPauseMs: number
  /** For one try. */
  readonly timeoutMs: number
  readonly clock: Clock
}

/** Told of each outcome: the gate's name as {@link gateNames} has it, whether it is open, and why. */
export type GateListener = (name: string, open: boolean, reason: string) => void

/** However short a pause is asked for: a check must not take a core. */
export const leastPauseMs = 100

/**
 * Runs all checks side by side, again and again. Until the first outcome of one is told, its gate counts as
 * closed.
 *
 * @returns ends it: no timer and no connection is left, and nothing is told any more.
 */
export function watchChecks(checks: readonly Check[], settings: CheckSettings, tell: GateListener): () => void {
  const names = gateNames(checks)
  const stops = checks.map((check, index) => watchCheck(check, names[index] ?? check.name, settings, tell))
  return () => {
    for (const stop of stops) stop()
  }
}

/** A name for each check, in their order; the second of the same name has ` (2)` behind it, and so on. */
export function gateNames(checks: readonly Check[]): readonly string[] {
  const counts = new Map<string, number>()
  return checks.map(({ name }) => {
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    // No name of a check has a space: it stands encoded in a URL.
    return count === 1 ? name : `${name} (${count})`
  })
}

function watchCheck(check: Check, name: string, settings: CheckSettings, tell: GateListener): () => void {
  const { failPauseMs, passPauseMs, timeoutMs, clock } = settings
  const ending = new AbortController()
  let endPause: (() => void) | undefined

  async function look(): Promise<void> {
    const { passed, reason } = await runCheck(check, timeoutMs, ending.signal)
    if (ending.signal.aborted) return
    // Before it is told, since whoever is told may end it.
    endPause = clock.after(Math.max(leastPauseMs, passed ? passPauseMs : failPauseMs), () => void look())
    tell(name, passed, reason)
  }

  void look()
  return () => {
    ending.abort()
    endPause?.()
  }
}
