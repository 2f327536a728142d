import { backdatedMs } from './issue.ts'
import type { Shared, TrustedPair } from './secret.ts'
import { isValidAt, timeFault } from './times.ts'
import type { Trust } from './trust.ts'

/** What one replica serves, and whether it had better be asked. */
export class Serving {
  readonly #settleMs: number
  readonly #trust: Trust
  #pair: TrustedPair | undefined
  /** Whether others may serve what is trusted, while this is not everywhere yet. */
  #waits = false
  /** Whether that was decided when it was known whom those who call us trust. */
  #isJudged = false

  constructor(settleMs: number, trust: Trust) {
    this.#settleMs = settleMs
    this.#trust = trust
  }

  /** What is served; undefined: nothing yet. */
  get pair(): TrustedPair | undefined {
    return this.#pair
  }

  /**
   * Serves what is shared, as soon as it can be: what is served already stays until the other one is trusted for sure, or
   * until it is good for nothing.
   *
   * @param serve serves another one than before; where it throws, that is not served, and is tried again the next time.
   */
  follow(shared: Shared, now: number, serve: (pair: TrustedPair) => void): void {
    const { current } = shared
    const before = this.#pair
    const isSettled = this.#trust.isSettled(current.ca)
    if (before === undefined || !isSamePair(before, current)) {
      if (before !== undefined && this.#isGood(before, now) && this.#trust.isSeen && !isSettled) return
      serve(current)
      this.#isJudged = false
    }
    this.#pair = current
    if (!this.#isJudged) this.#judge(shared, now)
    if (isSettled) this.#waits = false
  }

  /**
   * Where nothing else is trusted there is nothing better to wait for; and what is older was seen to be trusted before. So it
   * is for a replica that comes, and for one whose certificate has become good for nothing.
   */
  #judge({ current, cas }: Shared, now: number): void {
    this.#isJudged = !this.#trust.isSeen || this.#trust.isTrusted(current.ca) !== undefined
    this.#waits = this.#isJudged && this.#trust.isSeen && cas.length > 1 && !(this.#isOld(current, now) && this.#trust.isFoundAtFirst(current.ca))
  }

  /** Why those who call had better be sent to another replica; undefined: they are welcome. */
  notReady(now: number): string | undefined {
    if (this.#pair === undefined) return 'there is no certificate yet'
    const fault = timeFault(this.#pair.leaf, now)
    if (fault !== undefined) return fault
    if (this.#trust.isTrusted(this.#pair.ca) === false) return 'the webhook configuration does not trust the certificate'
    if (this.#waits && !this.#trust.isSettled(this.#pair.ca)) return 'the API servers may not trust the certificate yet'
    // While the configuration cannot be read, others have that long to have it trusted.
    return this.#isJudged || this.#isOld(this.#pair, now) ? undefined : 'the certificate was just made, and the webhook configuration cannot be read'
  }

  #isOld({ leaf }: TrustedPair, now: number): boolean {
    return now - leaf.from >= backdatedMs + this.#settleMs
  }

  #isGood({ leaf, ca }: TrustedPair, now: number): boolean {
    return isValidAt(leaf, now) && this.#trust.isTrusted(ca) !== false
  }
}

function isSamePair({ pair: left }: TrustedPair, { pair: right }: TrustedPair): boolean {
  return left.cert === right.cert && left.key === right.key
}
