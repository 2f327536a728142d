/** Somebody has ended the work, by Ctrl-C or SIGTERM. */
export class InterruptedError extends Error {
  override readonly name = 'InterruptedError'
}

/** Does work with a controller that Ctrl-C or SIGTERM aborts, meanwhile; a second Ctrl-C ends the process as usual. */
export async function withStopSignals<T>(work: (stopping: AbortController) => Promise<T>): Promise<T> {
  const stopping = new AbortController()
  const stop = (): void => stopping.abort()
  process.once('SIGINT', stop).once('SIGTERM', stop)
  try {
    return await work(stopping)
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
  }
}

/**
 * Does work that somebody may end in the middle: the signal comes, and whatever the work fails with then is an
 * {@link InterruptedError}. A second Ctrl-C ends the process as usual.
 */
export function untilInterrupted<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  return withStopSignals(async ({ signal }) => {
    try {
      return await work(signal)
    } catch (error) {
      if (signal.aborted) throw new InterruptedError('interrupted', { cause: error })
      throw error
    }
  })
}
