import { type Certificate, certificatesIn } from './bundle.ts'

interface Since {
  /** On a clock that never jumps. */
  readonly at: number
  /** Whether it was there before anybody has told us so: at the first look. */
  readonly isOld: boolean
}

/** Since when those who call us have been seen to trust a CA. */
export class Trust {
  /** Whether they can be seen at all. */
  readonly isSeen: boolean
  readonly #settleMs: number
  readonly #elapsed: () => number
  readonly #since = new Map<string, Since>()
  #looked = false
  /** What all of them trust now; undefined: not known. */
  #now: ReadonlySet<string> | undefined

  constructor(settleMs: number, elapsed: () => number, isSeen: boolean) {
    this.isSeen = isSeen
    this.#settleMs = settleMs
    this.#elapsed = elapsed
  }

  /** They were read, and trust this; undefined: they could not be read. */
  saw(bundles: readonly string[] | undefined): void {
    if (bundles === undefined) {
      this.#now = undefined
      return
    }
    const [first, ...others] = bundles.map((bundle) => new Set(certificatesIn(bundle).map(({ id }) => id)))
    this.#now = new Set([...(first ?? [])].filter((id) => others.every((other) => other.has(id))))
    for (const id of this.#since.keys()) if (!this.#now.has(id)) this.#since.delete(id)
    for (const id of this.#now) this.#begin(id, !this.#looked)
    this.#looked = true
  }

  /** They have been made to trust just these. */
  put(cas: readonly Certificate[]): void {
    this.#now = new Set(cas.map(({ id }) => id))
    for (const id of this.#since.keys()) if (!this.#now.has(id)) this.#since.delete(id)
    for (const id of this.#now) this.#begin(id, false)
  }

  /** Whether they trust it now; undefined: not known. */
  isTrusted({ id }: Certificate): boolean | undefined {
    return this.#now?.has(id)
  }

  /** Whether they trust it, and have for so long that each of them must have heard of it. */
  isSettled({ id }: Certificate): boolean {
    const since = this.#since.get(id)
    return this.#now?.has(id) === true && since !== undefined && this.#elapsed() - since.at >= this.#settleMs
  }

  /** Whether they trusted it before this replica did anything. */
  isFoundAtFirst({ id }: Certificate): boolean {
    return this.#since.get(id)?.isOld === true
  }

  #begin(id: string, isOld: boolean): void {
    if (!this.#since.has(id)) this.#since.set(id, { at: this.#elapsed(), isOld })
  }
}
