import type { Clock } from '../units/clock.ts'

const nanosecondsPerMs = 1_000_000n

/**
 * The machine's: CLOCK_MONOTONIC, which all processes of a boot share, so that it goes on where it was when the process
 * starts anew. Its timers keep no process alive.
 */
export const systemClock: Clock = {
  now: () => Number(process.hrtime.bigint() / nanosecondsPerMs),
  after(ms, call) {
    let timer: NodeJS.Timeout
    const wait = (left: number): void => {
      // A longer one would come at once.
      const part = Math.min(left, longestTimerMs)
      timer = setTimeout(() => (part < left ? wait(left - part) : call()), part).unref()
    }
    wait(ms)
    return () => clearTimeout(timer)
  },
}

// What Node's timers can hold: 31 bits.
const longestTimerMs = 2_147_483_647
