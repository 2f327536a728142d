/** How a watch is doing. */
export interface WatchHealth {
  /** Whether the first attempt has come to an end, good or bad. */
  isTried(): boolean
  /** Milliseconds since the API server was last heard; before that, since the start. */
  staleMs(): number
  stop(): void
}

/** What is told of a watch. */
export interface WatchListener {
  /** It fails, and is tried again and again; what was known stays known. Told at the first failure in a row. */
  readonly lost: (error: unknown) => void
  /** It goes well again. */
  readonly back: () => void
}
