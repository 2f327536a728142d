/** Time, as the lock service sees it. */
export interface Clock {
  /** Milliseconds on a clock that never jumps and goes on where it was when the process starts anew, until a boot. */
  now(): number
  /** Calls back after so many milliseconds; the returned function prevents that. */
  after(ms: number, call: () => void): () => void
}

const nanosecondsPerMs = 1_000_000n

/** The machine's: CLOCK_MONOTONIC, which all processes of a boot share. Its timers keep no process alive. */
export const systemClock: Clock = {
  now: () => Number(process.hrtime.bigint() / nanosecondsPerMs),
  after(ms, call) {
    const timer = setTimeout(call, ms).unref()
    return () => clearTimeout(timer)
  },
}
