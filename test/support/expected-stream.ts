/** Compares a stream with what is expected of it while it comes in, and keeps only what is still to come. */
export class ExpectedStream {
  readonly #toCome: Buffer[] = []
  /** How much of the first part to come is here. */
  #at = 0
  #seenParts = 0
  #fault: string | undefined

  /** Adds to what is expected. */
  expect(part: Buffer): void {
    this.#toCome.push(part)
  }

  /** Takes what has come in. */
  check(chunk: Buffer): void {
    let from = 0
    while (from < chunk.length && this.#fault === undefined) {
      const part = this.#toCome[0]
      if (part === undefined) {
        this.#fault = `more than expected: ${chunk.toString('utf8', from, from + 200)}`
        return
      }
      const length = Math.min(part.length - this.#at, chunk.length - from)
      if (chunk.compare(part, this.#at, this.#at + length, from, from + length) !== 0) {
        this.#fault = `part ${this.#seenParts} is not as expected: ${chunk.toString('utf8', from, from + 200)}`
        return
      }
      from += length
      this.#at += length
      if (this.#at < part.length) return
      this.#toCome.shift()
      this.#at = 0
      this.#seenParts++
    }
  }

  /** Parts that have come in whole. */
  get seenParts(): number {
    return this.#seenParts
  }

  /** Parts that have not. */
  get partsToCome(): number {
    return this.#toCome.length
  }

  /** Where the stream was first seen to be another one. */
  get fault(): string | undefined {
    return this.#fault
  }
}
