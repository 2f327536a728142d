/** Time, as what waits sees it: a server's, or a test's own. The machine's are of the rooms that need them. */
export interface Clock {
  /** Milliseconds on a clock that never jumps. */
  now(): number
  /** Calls back after so many milliseconds; the returned function prevents that. */
  after(ms: number, call: () => void): () => void
}
