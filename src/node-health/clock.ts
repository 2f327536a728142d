/** Time, as a node's health sees it; tests have one of their own. */
export interface Clock {
  /** Calls back after so many milliseconds; the returned function prevents that. */
  after(ms: number, call: () => void): () => void
}
