import type { FastifyInstance } from 'fastify'

/**
 * Closes a server: what it has accepted is answered, idle connections end. Whoever has not finished its request
 * or read its answer after so many milliseconds is cut off.
 */
export async function closeWithin(app: FastifyInstance, ms: number): Promise<void> {
  const timer = setTimeout(() => app.server.closeAllConnections(), ms)
  try {
    await app.close()
  } finally {
    clearTimeout(timer)
  }
}
