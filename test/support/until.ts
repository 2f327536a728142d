import { setTimeout as pause } from 'node:timers/promises'

// Only tells a condition that is never met from one that takes its time on a busy machine.
const patienceMs = 60_000
const lookAgainMs = 10

/**
 * Waits until a condition holds: looks at once, and again until it gives something other than undefined or false.
 *
 * @param what is waited for, and, by a function, what there was when it had been waited for in vain.
 */
export async function until<T>(what: string | (() => string), look: () => T | Promise<T>, ms = patienceMs): Promise<Exclude<T, undefined | false>> {
  const end = performance.now() + ms
  for (;;) {
    const found = await look()
    if (found !== undefined && found !== false) return found as Exclude<T, undefined | false>
    if (performance.now() > end) throw new Error(`waited in vain: ${typeof what === 'string' ? what : what()}`)
    await pause(lookAgainMs)
  }
}

/** Waits for a promise, but not for ever. */
export async function within<T>(ms: number, what: string, promise: Promise<T>): Promise<T> {
  const { promise: tooLate, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`not within ${ms} ms: ${what}`)), ms)
  try {
    return await Promise.race([promise, tooLate])
  } finally {
    clearTimeout(timer)
  }
}
