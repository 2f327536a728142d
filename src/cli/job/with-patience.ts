import { setTimeout as pause } from 'node:timers/promises'
import { UnreachableError } from '../unreachable-error.ts'

// An API server that is started anew, or the next one behind a balancer, is there within some seconds.
const patienceMs = 15_000
const againAfterMs = 500

/** Does what may be done twice, and does it again where the cluster cannot be reached for a moment. Throws as it does. */
export async function withPatience<T>(act: () => Promise<T>): Promise<T> {
  const deadline = performance.now() + patienceMs
  for (;;) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      return await act()
    } catch (error) {
      if (!(error instanceof UnreachableError) || performance.now() > deadline) throw error
      // oxlint-disable-next-line no-await-in-loop
      await pause(againAfterMs)
    }
  }
}
