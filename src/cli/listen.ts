import type { FastifyInstance } from 'fastify'

/**
 * Listens; an empty host means all interfaces, those of IPv6, too, where the kernel has it.
 *
 * @param other what probably listens where the port is taken.
 */
export async function listenAnywhere(app: FastifyInstance, { host, port }: { readonly host: string; readonly port: number }, other: string): Promise<void> {
  try {
    await app.listen({ host: host === '' ? '::' : host, port })
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'EADDRINUSE') throw new Error(`port ${port} is taken; is ${other} running here?`, { cause: error })
    if (host !== '' || (code !== 'EAFNOSUPPORT' && code !== 'EADDRNOTAVAIL')) throw error
    await app.listen({ host: '0.0.0.0', port })
  }
}
