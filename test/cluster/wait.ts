import { setTimeout as pause } from 'node:timers/promises'

const lookAgainMs = 50
// A start takes seconds; this only tells it from one that fails, on a machine that is busy with other things.
const patienceMs = 120_000

/** Waits until something holds; throws, and says what it was, where that does not come. */
export async function waitUntil(what: string, holds: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + patienceMs
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited in vain for ${patienceMs / 1_000} s: ${what}`)
    await pause(lookAgainMs)
  }
}
