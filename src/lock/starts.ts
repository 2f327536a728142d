import type { ReleaseCause } from './queue/decisions.ts'
import type { Lease } from './queue/state.ts'

/** One start, from its arrival in the queue to the end of its lease. Times by the service's clock. */
export interface Start {
  readonly pod: string | undefined
  readonly grant: Lease['grant']
  readonly arrivedAt: number
  readonly grantedAt: number
  /** When the lease ended, and why; undefined: it holds. */
  readonly endedAt: number | undefined
  readonly cause: ReleaseCause | undefined
}

/** How far back the starts are kept, */
export const keptForMs = 3_600_000
// and how many of them: a node has at most 110 pods by default, and starts them more than once when things go wrong.
const keptStarts = 512

/** The starts of the last hour. */
export class Starts {
  readonly #ended: Start[] = []
  readonly #going = new Map<string, Lease>()

  granted(lease: Lease): void {
    this.#going.set(lease.key, lease)
  }

  released(key: string, cause: ReleaseCause, now: number): void {
    const lease = this.#going.get(key)
    if (lease === undefined) return
    this.#going.delete(key)
    this.#ended.push({ ...startOf(lease), endedAt: now, cause })
    while (this.#ended.length > keptStarts || this.#isOld(this.#ended[0], now)) this.#ended.shift()
  }

  /** Those that have ended, then those that still go on. */
  list(now: number): readonly Start[] {
    return [...this.#ended.filter((start) => !this.#isOld(start, now)), ...Array.from(this.#going.values(), startOf)]
  }

  #isOld(start: Start | undefined, now: number): boolean {
    return start?.endedAt !== undefined && start.endedAt < now - keptForMs
  }
}

function startOf({ pod, grant, arrivedAt, grantedAt }: Lease): Start {
  return { pod, grant, arrivedAt, grantedAt, endedAt: undefined, cause: undefined }
}
