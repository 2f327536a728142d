import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'

/** A server of bytes on this machine. */
export interface RawServer {
  readonly port: number
  /** What it was sent, one text for each connection, in their order. */
  readonly requests: readonly string[]
}

/**
 * Starts a server.
 *
 * @param answer is called once a whole request has come, or at once where `isHasty`.
 * @param host where it listens: 127.0.0.1 unless said otherwise.
 */
export async function startRawServer(t: Test, answer: (socket: Socket) => void, { host = '127.0.0.1', isHasty = false } = {}): Promise<RawServer> {
  const requests: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    const index = requests.push('') - 1
    sockets.add(socket)
    socket.on('error', () => {})
    socket.setEncoding('latin1').on('data', (text: string) => {
      const before = requests[index] ?? ''
      requests[index] = before + text
      if (!isHasty && !before.includes('\r\n\r\n') && requests[index].includes('\r\n\r\n')) answer(socket)
    })
    if (isHasty) answer(socket)
  })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  server.listen(0, host)
  await once(server, 'listening')
  return { port: (server.address() as AddressInfo).port, requests }
}
