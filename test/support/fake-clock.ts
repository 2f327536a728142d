import type { Clock } from '../../src/units/clock.ts'

interface Timer {
  readonly at: number
  readonly call: () => void
}

/** A clock that moves only when a test moves it. */
export class FakeClock implements Clock {
  #now = 0
  #timers: readonly Timer[] = []

  /** How many timers are set. */
  get pending(): number {
    return this.#timers.length
  }

  /** When the next timer is due; undefined: none is set. */
  get nextAt(): number | undefined {
    return this.#timers.length === 0 ? undefined : Math.min(...this.#timers.map(({ at }) => at))
  }

  now(): number {
    return this.#now
  }

  after(ms: number, call: () => void): () => void {
    const timer = { at: this.#now + Math.max(0, ms), call }
    this.#timers = [...this.#timers, timer]
    return () => this.#remove(timer)
  }

  /**
   * Lets time pass, and fires in their order all timers that are due by then: also those that others set. Of the
   * same time, the one that was set first comes first.
   */
  advance(ms: number): void {
    const end = this.#now + ms
    for (;;) {
      const next = this.#timers.toSorted((one, other) => one.at - other.at).at(0)
      if (next === undefined || next.at > end) break
      this.#remove(next)
      // Late after a sleep, and never back.
      this.#now = Math.max(this.#now, next.at)
      next.call()
    }
    this.#now = end
  }

  /** Lets time pass in which nothing could run, as when the process is stopped: timers fire late. */
  sleep(ms: number): void {
    this.#now += ms
  }

  #remove(timer: Timer): void {
    this.#timers = this.#timers.filter((each) => each !== timer)
  }
}
