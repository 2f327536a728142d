import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import type { Logger } from 'pino'

/** Servers of a process, from their start to its end. */
export interface Serving {
  readonly log: Logger
  /** Writes what of the log is waiting. */
  readonly flush: () => void
  readonly listen: () => Promise<void>
  /** Closes whatever was started, also where listening failed. */
  readonly close: () => Promise<void>
  /** How long closing may take; then the process ends all the same. */
  readonly closeWithinMs: number
  /** What the line of the log says that tells where it listens. */
  readonly where: () => object
}

/**
 * Listens, says so in the log, and closes on a signal or after a failure that nobody has caught. Ends when all is
 * closed.
 *
 * @throws what listening throws.
 */
export async function serveUntilEnded({ log, flush, listen, close, closeWithinMs, where }: Serving): Promise<void> {
  try {
    await listen()
  } catch (error) {
    await close()
    flush()
    throw error
  }
  const ended = Promise.withResolvers<void>()
  closeWithGrace({ delay: closeWithinMs, logger: false }, async ({ signal, err }) => {
    if (err !== undefined) log.fatal({ err }, 'ending after a failure')
    else log.info({ signal }, 'closing')
    await close()
    log.info('closed')
    flush()
    ended.resolve()
  })
  log.info(where(), 'listening')
  flush()
  await ended.promise
}

/** The port on which a server listens. */
export function portOf(app: FastifyInstance): number | undefined {
  const address = app.server.address()
  return typeof address === 'object' && address !== null ? address.port : undefined
}
