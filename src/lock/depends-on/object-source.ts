import type { Collection } from '../../depends-on/collections.ts'
import type { Observed } from '../../depends-on/observe.ts'

/** Watches objects of the cluster. */
export interface ObjectSource {
  /** Watches a collection until the returned function is called; nothing is told afterwards. Never throws. */
  watch(collection: Collection, listener: ObjectListener): () => void
}

/** What is told of a collection. Keys name its objects. */
export interface ObjectListener {
  /** An object is new, or what is kept of it is not what it was. */
  put(key: string, object: Observed): void
  /** An object is there no more. */
  removed(key: string): void
  /** After each list: all that there is has been told. */
  synced(): void
  /** The first failure in a row; it is tried again. `isDenied`: the API server lets us not. */
  failed(isDenied: boolean, error: unknown): void
  /** After failures: it goes well again. */
  back(): void
}
