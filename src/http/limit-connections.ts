import type { Server } from 'node:http'
import type { Socket } from 'node:net'

/** How many connections a server keeps open at a time. */
export interface ConnectionLimits {
  readonly total: number
  /** Of one address. */
  readonly perPeer: number
}

/** Ends connections beyond the limits as soon as they come, so that nobody uses up the descriptors of all others. */
export function limitConnections(server: Server, { total, perPeer }: ConnectionLimits): void {
  server.maxConnections = total
  const open = new Map<string, number>()
  server.on('connection', (socket: Socket) => {
    const address = socket.remoteAddress ?? ''
    const count = open.get(address) ?? 0
    if (count >= perPeer) {
      socket.destroy()
      return
    }
    open.set(address, count + 1)
    socket.once('close', () => {
      const left = (open.get(address) ?? 1) - 1
      if (left === 0) open.delete(address)
      else open.set(address, left)
    })
  })
}
