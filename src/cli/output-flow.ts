import { once } from 'node:events'

/** The reader of what is written has gone. */
export class ClosedOutputError extends Error {
  override readonly name = 'ClosedOutputError'
}

/** A stream that is written to no faster than it is read. */
export interface OutputFlow {
  /**
   * Resolves when more may be written.
   *
   * @throws {ClosedOutputError} where nobody reads any more; then there is nothing left to be done.
   */
  write(text: string | Uint8Array): Promise<void>
}

/** Writes to a stream of the process. */
export function outputFlow(stream: NodeJS.WriteStream): OutputFlow {
  const gone = new AbortController()
  stream.on('error', (error) => gone.abort(error))
  return {
    async write(text) {
      if (!gone.signal.aborted && !stream.write(text)) {
        await once(stream, 'drain', { signal: gone.signal }).catch(() => {})
      }
      if (gone.signal.aborted) throw new ClosedOutputError('the output was closed', { cause: gone.signal.reason })
    },
  }
}
