/** A place is written in a way in which it cannot be edited for sure; the message says why. */
export class UneditableError extends Error {
  override readonly name = 'UneditableError'
  /** Where in the text of the document. */
  readonly offset: number

  constructor(offset: number, reason: string) {
    super(reason)
    this.offset = offset
  }
}
