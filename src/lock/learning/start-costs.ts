import { leastReserve, unseenMs } from '../queue/settings.ts'
import type { Workload } from './workload.ts'

/** What an observed start of a workload has cost at the most. */
export interface StartCost {
  readonly workload: Workload
  /** CPU-seconds. */
  readonly seconds: number
  /** Whether nothing else that begins or ends was seen meanwhile: then what is much is its own. */
  readonly isClear: boolean
}

/** What is known of a workload. */
export interface KnownWorkload {
  readonly name: string
  /** What a start takes of an idle core as long as its load cannot show. */
  readonly reserve: number
  /** How many starts that is known by. */
  readonly starts: number
  /** When the last of them was observed. */
  readonly learnedAt: number
}

interface Known {
  readonly name: string
  readonly costs: readonly { readonly seconds: number; readonly at: number }[]
}

/** After so long a start says nothing of the next one: caches have gone cold, images and data have changed. */
export const knownForMs = 3_600_000
/** So many starts of a workload count, the last ones. The first on a node may be another than the next: it pulls the image. */
export const countedStarts = 3
/** Of so many workloads something is known; a node has 110 pods by default. */
export const mostWorkloads = 500

/** What one takes of which nothing is known: a core for as long as its load cannot show. */
const wholeCoreSeconds = unseenMs / 1_000

/**
 * What the last starts of workloads have cost, and so what the next will take: pure, with time as an argument.
 *
 * Each cost is an upper bound, and the highest of the last few counts. One that was observed while something else began
 * or ended, and is more than what is known, may be that one's or the start's own: nothing is known then, and the workload
 * takes a core until it has shown anew that it is light.
 *
 * Bounded: of {@link mostWorkloads} those are kept of which something was learned last.
 */
export class StartCosts {
  /** The one of which something was learned last is the last one. */
  readonly #known = new Map<string, Known>()

  /** How many are kept at the most. */
  readonly #most: number

  constructor(most = mostWorkloads) {
    this.#most = most
  }

  /** Takes a start into account. */
  learn({ workload: { key, name }, seconds, isClear }: StartCost, now: number): void {
    const before = countedOf(this.#known.get(key), now)
    if (!isClear && seconds > (highestOf(before) ?? wholeCoreSeconds)) {
      this.forget(key)
      return
    }
    this.#known.delete(key)
    this.#known.set(key, { name, costs: [...before, { seconds, at: now }].slice(-countedStarts) })
    for (const oldest of this.#known.keys()) {
      if (this.#known.size <= this.#most) break
      this.#known.delete(oldest)
    }
  }

  /** A start has shown that what is known of its workload holds no more. */
  forget(key: string): void {
    this.#known.delete(key)
  }

  /** What a start takes of an idle core as long as its load cannot show; 1 where nothing is known. */
  reserveOf(key: string, now: number): number {
    return reserveFor(countedOf(this.#known.get(key), now))
  }

  /** All that is known, the newest first. */
  list(now: number): readonly KnownWorkload[] {
    const all = Array.from(this.#known.values(), (known) => ({ name: known.name, costs: countedOf(known, now) }))
    return all.toReversed().flatMap(({ name, costs }) => {
      const last = costs.at(-1)
      return last === undefined ? [] : [{ name, reserve: reserveFor(costs), starts: costs.length, learnedAt: last.at }]
    })
  }
}

function countedOf(known: Known | undefined, now: number): Known['costs'] {
  return known?.costs.filter(({ at }) => at + knownForMs > now) ?? []
}

function highestOf(costs: Known['costs']): number | undefined {
  return costs.length === 0 ? undefined : Math.max(...costs.map(({ seconds }) => seconds))
}

/** Rounded up to a hundredth: readings are no finer. */
function reserveFor(costs: Known['costs']): number {
  const hundredths = (100 * (highestOf(costs) ?? wholeCoreSeconds)) / wholeCoreSeconds
  return Math.min(1, Math.max(leastReserve, Math.ceil(hundredths - 1e-9) / 100))
}
