import type { Collection } from '../../depends-on/collections.ts'
import type { Observed } from '../../depends-on/observe.ts'
import type { Clock } from '../../units/clock.ts'
import type { ObjectSource } from './object-source.ts'

/** What is known of a collection. */
export interface CollectionView {
  readonly objects: Iterable<Observed>
  /**
   * `unknown`: not yet; `known`; `denied`: the lock has no right to know; `unheard`: the API server has not been heard for
   * long. In the last two the objects are those of before.
   */
  readonly state: 'unknown' | 'known' | 'denied' | 'unheard'
  /** When that state comes of itself, if nothing is heard until then; undefined: it does not. */
  readonly blindAt: number | undefined
}

/** An API server that has just come up denies what it allows a moment later: only what it denies for so long is denied. */
export const deniedForMs = 10_000
/** The API server may be restarted meanwhile; whoever waits is not to wait for more than that. */
export const unheardForMs = 60_000

/** One watch, for all who want to know of the same collection. */
export class SharedWatch {
  readonly #clock: Clock
  readonly #objects = new Map<string, Observed>()
  readonly #listeners = new Set<() => void>()
  readonly #stop: () => void
  /** Since when it fails, or nothing has come yet; undefined: all is well. */
  #blindSince: number | undefined
  #isSynced = false
  #isFailing = false
  #isDenied = false

  /** @param failed is told of the first failure in a row. */
  constructor(collection: Collection, source: ObjectSource, clock: Clock, failed: (isDenied: boolean, error: unknown) => void) {
    this.#clock = clock
    this.#blindSince = clock.now()
    this.#stop = source.watch(collection, {
      put: (key, object) => {
        this.#objects.set(key, object)
        this.#hear()
      },
      removed: (key) => {
        this.#objects.delete(key)
        this.#hear()
      },
      synced: () => {
        this.#isSynced = true
        this.#isDenied = false
        this.#hear()
      },
      failed: (isDenied, error) => {
        this.#isFailing = true
        this.#isDenied = isDenied
        this.#blindSince ??= clock.now()
        failed(isDenied, error)
        this.#tell()
      },
      back: () => {
        this.#isFailing = this.#isDenied = false
        this.#hear()
      },
    })
  }

  view(): CollectionView {
    const now = this.#clock.now()
    const blindAt = this.#blindSince === undefined ? undefined : this.#blindSince + (this.#isDenied ? deniedForMs : unheardForMs)
    const objects = this.#objects.values()
    if (blindAt !== undefined && blindAt <= now) return { objects, state: this.#isDenied ? 'denied' : 'unheard', blindAt: undefined }
    return { objects, state: this.#isSynced ? 'known' : 'unknown', blindAt }
  }

  /** Tells of each change from now on. */
  follow(listener: () => void): void {
    this.#listeners.add(listener)
  }

  /** True where nobody follows any more. */
  unfollow(listener: () => void): boolean {
    this.#listeners.delete(listener)
    return this.#listeners.size === 0
  }

  stop(): void {
    this.#listeners.clear()
    this.#stop()
  }

  /** Something has come: where it fails, it may do so again without being told of it. */
  #hear(): void {
    if (this.#isSynced) this.#blindSince = this.#isFailing ? this.#clock.now() : undefined
    this.#tell()
  }

  #tell(): void {
    // Before all is known, what there is says nothing.
    if (this.#isSynced || this.#isFailing) for (const listener of this.#listeners) listener()
  }
}
