/** Percent of the time in which a task waited for a CPU (PSI, `some`). */
export interface PressureBounds {
  /** Above it the gate closes. */
  readonly close: number
  /** Below it the gate opens again; lower than the other. */
  readonly open: number
}

/** What a gate of CPU pressure hears. */
export type PressureEvent =
  /** Of the `windowMs` up to now; `pressure` is undefined where the kernel does not tell. */
  | { readonly kind: 'reading'; readonly pressure: number | undefined; readonly windowMs: number }
  /** A turn has begun, or ended: whether somebody has one from now on; `isUp`: the one that has ended was up, or is gone. */
  | { readonly kind: 'turns'; readonly held: boolean; readonly isUp: boolean }
  /** A second has passed. */
  | { readonly kind: 'second' }

/** Whether the gate is open, and why. */
export interface Verdict {
  readonly open: boolean
  readonly reason: string
}

/** Pressure must have been too high for so long, on the average, to close the gate. */
export const closeAfterMs = 10_000
/** And low enough for so long to open it. */
export const openAfterMs = 3_000
/** After the last turn has ended: who has just become ready still works. */
export const settleMs = 20_000
/** After a turn that has ended before its pod was known to be up: it may still be starting, for as long as a lease at the most. */
export const unsettledMs = 120_000
/** After so many seconds without a reading, nothing is known. */
export const silentSeconds = 5
/** Readings that are further apart than this tell of two times, not of one. */
const gapMs = 1_000

interface Reading {
  readonly at: number
  readonly pressure: number
  readonly windowMs: number
}

/**
 * A gate that closes where the node's CPUs are wanted by others than those who start: pure, with time as an argument.
 *
 * Pods that start by our own grants make pressure. A gate that heard it would close, let them end, open, and go on
 * like that. So it closes only by time in which nobody had a turn, {@link settleMs} after the last one at the
 * earliest; while turns are held it may open, and does not close. Nor does it by
 * time before it opened last, so that it is open for {@link closeAfterMs} at least.
 *
 * It starts closed, and judges the first {@link openAfterMs} by the upper bound: at a boot everything starts but the
 * pods that wait. It starts open where turns are held already. Whatever it cannot know leaves it open.
 */
export class PressureGate {
  readonly #bounds: PressureBounds
  #readings: Reading[] = []
  #isHeld: boolean
  // What was before says nothing of a need to close.
  #countsFrom = -Infinity
  #silent = 0
  #isOpen: boolean
  #isJudged: boolean
  #unknown: string | undefined

  constructor(bounds: PressureBounds, isHeld: boolean) {
    this.#bounds = bounds
    this.#isHeld = isHeld
    this.#isOpen = isHeld
    this.#isJudged = isHeld
  }

  /** Takes an event, and says how the gate stands. */
  apply(event: PressureEvent, now: number): Verdict {
    switch (event.kind) {
      case 'reading':
        this.#silent = 0
        if (event.pressure === undefined) this.#give('the kernel does not tell CPU pressure')
        else this.#judge({ at: now, pressure: event.pressure, windowMs: event.windowMs })
        break
      case 'turns':
        this.#countsFrom = Math.max(this.#countsFrom, now + (event.isUp ? settleMs : unsettledMs))
        this.#isHeld = event.held
        break
      case 'second':
        // Counted, and not measured: after a sleep of the machine there is first one of these, or first a reading.
        if (++this.#silent >= silentSeconds) this.#give('CPU pressure cannot be read')
        break
    }
    return this.verdict(now)
  }

  /** How the gate stands. */
  verdict(now: number): Verdict {
    return { open: this.#isOpen, reason: this.#reason(now) }
  }

  /** Nothing is known: open. */
  #give(reason: string): void {
    this.#readings = []
    this.#unknown = reason
    this.#isOpen = true
    this.#isJudged = true
  }

  #judge(reading: Reading): void {
    const { at, windowMs } = reading
    this.#unknown = undefined
    const last = this.#readings.at(-1)
    if (last !== undefined && at - windowMs - last.at > gapMs) this.#readings = []
    this.#readings.push(reading)
    while ((this.#readings[0]?.at ?? at) <= at - closeAfterMs - gapMs) this.#readings.shift()
    const short = this.#mean(openAfterMs)
    if (!this.#isOpen) {
      if (short === undefined) return
      this.#isOpen = short < (this.#isJudged ? this.#bounds.open : this.#bounds.close)
      this.#isJudged = true
      // Else the seconds in which it was closed would close it again.
      if (this.#isOpen) this.#countsFrom = Math.max(this.#countsFrom, at)
    } else if (this.#isQuiet(at) && (this.#mean(closeAfterMs) ?? 0) > this.#bounds.close) {
      this.#isOpen = false
    }
  }

  /** Whether all of the time that counts for closing is free of turns, and of what they leave behind. */
  #isQuiet(now: number): boolean {
    return !this.#isHeld && now - this.#countsFrom >= closeAfterMs
  }

  /** Of the last so many milliseconds; undefined: readings do not go back for so long. */
  #mean(ms: number): number | undefined {
    let [sum, time] = [0, 0]
    for (const { pressure, windowMs } of this.#readings.toReversed()) {
      const part = Math.min(windowMs, ms - time)
      sum += pressure * part
      time += part
      if (time >= ms) return sum / ms
    }
    return undefined
  }

  #reason(now: number): string {
    if (this.#unknown !== undefined) return this.#unknown
    const pressure = this.#mean(Math.min(openAfterMs, this.#readings.reduce((sum, { windowMs }) => sum + windowMs, 0)))
    if (!this.#isJudged || pressure === undefined) return 'CPU pressure is not known yet'
    const shown = `CPU pressure ${Math.floor(pressure)} %`
    if (!this.#isOpen) return `${shown}, opens below ${this.#bounds.open} %`
    const isStarting = this.#isHeld || now < this.#countsFrom
    return isStarting ? `${shown}, not judged while pods start` : `${shown}, closes above ${this.#bounds.close} %`
  }
}
