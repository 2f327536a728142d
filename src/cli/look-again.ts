import { setTimeout as pause } from 'node:timers/promises'

/** What is looked at again and again, and who is told. */
export interface Looking<T> {
  readonly look: () => Promise<T>
  readonly show: (seen: T) => Promise<void>
  /** It could not be seen this time. */
  readonly failed: (error: Error) => Promise<void>
  readonly everyMs: number
  readonly signal: AbortSignal
}

/**
 * Looks, shows, pauses, until the signal comes. Whoever cannot look the first time never will: that is thrown; later
 * failures are told, and it goes on.
 */
export async function lookAgain<T>({ look, show, failed, everyMs, signal }: Looking<T>): Promise<void> {
  for (let isFirst = true; !signal.aborted; isFirst = false) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      await attempt(isFirst)
      // oxlint-disable-next-line no-await-in-loop
      await pause(everyMs, undefined, { signal })
    } catch (error) {
      if (!signal.aborted) throw error
    }
  }

  async function attempt(isFirst: boolean): Promise<void> {
    let seen: T
    try {
      seen = await look()
    } catch (error) {
      if (isFirst || signal.aborted || !(error instanceof Error)) throw error
      await failed(error)
      return
    }
    await show(seen)
  }
}
