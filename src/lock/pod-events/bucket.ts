/** How much a bucket lets through. */
export interface BucketLimits {
  /** So many at once; a whole number from 1, */
  readonly burst: number
  /** and one more each time that so many milliseconds have passed. */
  readonly refillMs: number
}

/**
 * A token bucket. In any span of `ms` it lets through at most `burst + ms / refillMs`.
 *
 * Kept as one time (the "theoretical arrival time" of the generic cell rate algorithm, ITU-T I.371): when the bucket
 * will be full again.
 */
export class Bucket {
  readonly #limits: BucketLimits
  #fullAt = -Infinity

  constructor(limits: BucketLimits) {
    this.#limits = limits
  }

  /** From when on one can be taken. */
  freeAt(): number {
    return this.#fullAt - (this.#limits.burst - 1) * this.#limits.refillMs
  }

  /** Takes one, if there is one. */
  take(now: number): boolean {
    if (this.freeAt() > now) return false
    this.#fullAt = Math.max(this.#fullAt, now) + this.#limits.refillMs
    return true
  }
}
