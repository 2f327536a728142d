import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
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

// Our clients have two requests under way at the most: a poll, and a DELETE behind it.
const mostUnderWay = 8
// Whoever does not read a small answer for so long does not read.
const readWithinMs = 10_000

/**
 * Ends connections whose answers would pile up in memory: on which too many requests are under way at a time, or
 * whose peer does not read what was answered.
 */
export function boundAnswers(handler: RequestListener): RequestListener {
  const underWay = new WeakMap<Socket, number>()
  return function handle(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request
    const count = (underWay.get(socket) ?? 0) + 1
    if (count > mostUnderWay) {
      socket.destroy()
      return
    }
    underWay.set(socket, count)
    response.once('close', () => {
      underWay.set(socket, (underWay.get(socket) ?? 1) - 1)
      if (socket.writableLength > 0) endUnlessRead(socket)
    })
    handler(request, response)
    if (socket.writableLength > 0) endUnlessRead(socket)
  }
}

/** What the kernel takes at once is not waited for; what it does not is a rare thing. */
function endUnlessRead(socket: Socket): void {
  const timer = setTimeout(() => {
    if (socket.writableLength > 0) socket.destroy()
  }, readWithinMs).unref()
  const settled = (): void => clearTimeout(timer)
  socket.once('drain', settled)
  socket.once('close', settled)
}
