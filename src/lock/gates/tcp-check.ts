import { connect } from 'node:net'
import type { TcpCheck } from './check.ts'
import type { Outcome } from './outcome.ts'

/**
 * Opens a connection, and closes it again without a byte.
 *
 * @throws the error of the connection; that of the signal, which ends everything.
 */
export function runTcpCheck({ host, port }: TcpCheck, signal: AbortSignal): Promise<Outcome> {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>()
  const socket = connect({ host, port, signal })
  socket.on('connect', () => {
    resolve({ passed: true, reason: 'accepts connections' })
    socket.destroy()
  })
  socket.on('error', reject)
  return promise
}
