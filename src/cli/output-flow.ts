/** What is written cannot be written. */
export class OutputError extends Error {
  override readonly name = 'OutputError'
  /** Whether its reader has gone, so that nobody wants more of it: `head` does that. */
  readonly isClosed: boolean

  constructor(cause: Error) {
    super(`the output cannot be written: ${cause.message}`, { cause })
    this.isClosed = 'code' in cause && cause.code === 'EPIPE'
  }
}

/** A stream that is written to no faster than it is read. */
export interface OutputFlow {
  /**
   * Resolves when it is written.
   *
   * @throws {OutputError}
   */
  write(text: string | Uint8Array): Promise<void>
}

/** Writes to a stream of the process. */
export function outputFlow(stream: NodeJS.WriteStream): OutputFlow {
  let failure: Error | undefined
  stream.on('error', (error) => (failure ??= error))
  return {
    async write(text) {
      const { promise, resolve } = Promise.withResolvers<Error | null | undefined>()
      stream.write(text, resolve)
      const error = failure ?? (await promise)
      if (error instanceof Error) throw new OutputError(error)
    },
  }
}
