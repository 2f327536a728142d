import { type Collection, collectionKey } from '../../depends-on/collections.ts'
import type { Clock } from '../../units/clock.ts'
import type { ObjectSource } from './object-source.ts'
import { type CollectionView, SharedWatch } from './shared-watch.ts'

/** What watches are made of. */
export interface SharedWatchesOptions {
  readonly source: ObjectSource
  readonly clock: Clock
  /** Is told of the first failure in a row of each watch. */
  readonly failed: (collection: Collection, isDenied: boolean, error: unknown) => void
}

/** A collection that somebody wants to know of. */
export interface Followed {
  view(): CollectionView
  /** Nothing is told afterwards; the watch ends where nobody else wants it. */
  stop(): void
}

/** The watches of all that somebody waits for: one of each collection, opened when it is wanted and closed when not. */
export class SharedWatches {
  readonly #options: SharedWatchesOptions
  readonly #watches = new Map<string, SharedWatch>()

  constructor(options: SharedWatchesOptions) {
    this.#options = options
  }

  /** How many are open. */
  get size(): number {
    return this.#watches.size
  }

  /** Follows a collection; `changed` may be called before this returns. */
  follow(collection: Collection, changed: () => void): Followed {
    const key = collectionKey(collection)
    const watch = this.#watches.get(key) ?? this.#open(collection, key)
    // One of its own: the same listener may follow more than one collection.
    const listener = (): void => changed()
    watch.follow(listener)
    let isStopped = false
    return {
      view: () => watch.view(),
      stop: () => {
        if (isStopped) return
        isStopped = true
        if (!watch.unfollow(listener)) return
        this.#watches.delete(key)
        watch.stop()
      },
    }
  }

  /** Ends all of them. */
  close(): void {
    for (const watch of this.#watches.values()) watch.stop()
    this.#watches.clear()
  }

  #open(collection: Collection, key: string): SharedWatch {
    const { source, clock, failed } = this.#options
    const watch = new SharedWatch(collection, source, clock, (isDenied, error) => failed(collection, isDenied, error))
    this.#watches.set(key, watch)
    return watch
  }
}
