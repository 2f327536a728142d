import type { Clock } from '../units/clock.ts'

/** The machine's monotonic clock. Its timers keep no process alive. */
export const systemClock: Clock = {
  now: () => performance.now(),
  after(ms, call) {
    const timer = setTimeout(call, ms).unref()
    return () => clearTimeout(timer)
  },
}

/** Waits so many milliseconds, or until the signal is aborted, whichever comes first. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  if (signal.aborted) return Promise.resolve()
  const end = (): void => {
    cancel()
    signal.removeEventListener('abort', end)
    resolve()
  }
  const cancel = clock.after(ms, end)
  signal.addEventListener('abort', end)
  return promise
}
