/** Somebody has ended the work, by Ctrl-C or SIGTERM. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError'
}

/**
 * Does work that somebody may end in the middle: the signal comes, and whatever the work fails with then is an
 * {@link InterruptedError}. A second Ctrl-C ends the process as usual.
 */
export async function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    return await work(stopping.signal)
  } catch (error) {
    if (stopping.signal.aborted) throw new InterruptedError('interrupted', { cause: error })
    throw error
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}
