import type { Check } from './check.ts'
import { runHttpCheck } from './http-check.ts'
import { failureReason, type Outcome } from './outcome.ts'
import { runTcpCheck } from './tcp-check.ts'

const givenUp: Outcome = { passed: false, reason: 'given up' }

/**
 * Runs a check once. Never rejects: whatever goes wrong is an outcome.
 *
 * @param timeoutMs for all of it: the lookup of the name, the connection, redirects, the answer and its body.
 * @param signal ends it early; its outcome says nothing then.
 */
export async function runCheck(check: Check, timeoutMs: number, signal: AbortSignal): Promise<Outcome> {
  // A socket that is destroyed before it connects would come to life again.
  if (signal.aborted) return givenUp
  const ending = new AbortController()
  const { promise: ended, reject: end } = Promise.withResolvers<never>()
  const cutOff = (reason: string): void => {
    end(new CutOff(reason))
    ending.abort()
  }
  const giveUp = (): void => cutOff(givenUp.reason)
  const timer = setTimeout(() => cutOff(`no answer within ${timeoutMs / 1_000} s`), timeoutMs).unref()
  signal.addEventListener('abort', giveUp, { once: true })
  try {
    // The race, since an abort may show as any error, and a lookup cannot be aborted.
    const run = check.kind === 'http' ? runHttpCheck(check, ending.signal) : runTcpCheck(check, ending.signal)
    return await Promise.race([ended, run])
  } catch (error) {
    return { passed: false, reason: error instanceof CutOff ? error.message : failureReason(error) }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', giveUp)
  }
}

class CutOff extends Error {}
