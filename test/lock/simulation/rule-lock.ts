import type { LoadReading } from '../../../src/lock/node-load/load-between.ts'
import type { SimulatedLock } from './simulate.ts'

/** What a rule looks at; times in milliseconds. */
export interface RuleView {
  /** How many cores were idle throughout the last so many milliseconds, with no pressure above 40 %. */
  idleFor(ms: number): number
  /** How many were granted in the last so many milliseconds, and start still. */
  youngerThan(ms: number): number
}

/** Whether one more is granted, beyond the floor of one. */
export type Rule = (view: RuleView) => boolean

/** One at a time, and others as far apart, where a core is idle; it was usher's until it had {@link perCore}. */
export function spaced(idleMs: number, apartMs: number): Rule {
  return (view) => view.idleFor(idleMs) >= 0.8 && view.youngerThan(apartMs) === 0
}

/** One for each `share` of a core that is idle, of which each that is young takes as much. */
export function perCore(share: number, idleMs: number, youngMs: number): Rule {
  return (view) => view.idleFor(idleMs) >= share * (1 + view.youngerThan(youngMs))
}

/** So many at once where nobody was granted for five seconds; else a second apart. */
export function burst(count: number): Rule {
  const otherwise = spaced(1_000, 1_000)
  let left = 0
  return (view) => {
    if (view.youngerThan(5_000) === 0) left = count
    return otherwise(view) || (view.idleFor(1_000) >= 0.8 && left-- > 0)
  }
}

const pressureBound = 40

/** A lock of one permit, and a rule for further grants: to compare rules that the queue does not have. */
export class RuleLock implements SimulatedLock, RuleView {
  readonly #rule: Rule
  readonly #waiting: { readonly name: string; readonly go: () => void }[] = []
  readonly #holders = new Map<string, { readonly at: number; readonly isFloor: boolean }>()
  readonly #readings: (LoadReading & { readonly at: number })[] = []
  #now = 0

  constructor(rule: Rule) {
    this.#rule = rule
  }

  idleFor(ms: number): number {
    let cores = Infinity
    for (const { at, idleCores, pressure = 0, windowMs } of this.#readings.toReversed()) {
      if (at <= this.#now - ms) return cores
      cores = Math.min(cores, pressure > pressureBound ? 0 : idleCores)
      if (at - windowMs <= this.#now - ms) return cores
    }
    return 0
  }

  youngerThan(ms: number): number {
    return this.#holders.values().reduce((count, { at }) => (at > this.#now - ms ? count + 1 : count), 0)
  }

  ask(name: string, now: number, go: () => void): void {
    this.#waiting.push({ name, go })
    this.pass(now)
  }

  ready(name: string, now: number): void {
    this.#holders.delete(name)
    this.pass(now)
  }

  load(reading: LoadReading, now: number): void {
    this.#readings.push({ ...reading, at: now })
    this.pass(now)
  }

  pass(now: number): void {
    this.#now = now
    for (let [next] = this.#waiting; next !== undefined; [next] = this.#waiting) {
      const isFloor = this.#holders.values().every((holder) => !holder.isFloor)
      if (!isFloor && !this.#rule(this)) return
      this.#waiting.shift()
      this.#holders.set(next.name, { at: now, isFloor })
      next.go()
    }
  }
}
