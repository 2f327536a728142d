import { createServer as createHttpServer, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net'
import type { Test } from 'tap'
import type { CertificatePair } from '../../src/certs/issue.ts'
import { until } from './until.ts'

/** A server on the loopback that a check may ask. It ends with the test. */
export interface Target {
  readonly port: number
  /** How many connections were opened so far. */
  readonly opened: () => number
  /** Waits until no connection is left. */
  quiet(): Promise<void>
  close(): void
}

/** A server that answers over HTTP. */
export function httpTarget(t: Test, answer: RequestListener): Promise<Target> {
  return listen(t, createHttpServer(answer))
}

/** A server that answers over HTTPS. */
export function httpsTarget(t: Test, pair: CertificatePair, answer: RequestListener): Promise<Target> {
  return listen(t, createHttpsServer(pair, answer))
}

/** A server that gets the connections as they are; without a listener it hears everybody out, and stays silent. */
export function tcpTarget(t: Test, connected: (socket: Socket) => void = (socket) => socket.resume(), host = '127.0.0.1'): Promise<Target> {
  return listen(t, createTcpServer(connected), host)
}

/** Answers those who bring this user and password, and others with 401. */
export function guarded(user: string, answer: (response: ServerResponse, url: string) => void): RequestListener {
  const expected = `Basic ${Buffer.from(user).toString('base64')}`
  return ({ headers, url = '' }, response) => {
    if (headers.authorization === expected) answer(response, url)
    else response.writeHead(401).end()
  }
}

/** A port on which nobody listens. */
export async function closedPort(t: Test): Promise<number> {
  const target = await tcpTarget(t)
  target.close()
  await target.quiet()
  return target.port
}

async function listen(t: Test, server: Server, host = '127.0.0.1'): Promise<Target> {
  const sockets = new Set<Socket>()
  let opened = 0
  server.on('connection', (socket) => {
    opened++
    sockets.add(socket)
    // Those who ask may break off.
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
  })
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  server.on('error', reject)
  server.listen(0, host, resolve)
  await promise
  const close = (): void => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  t.teardown(close)
  return {
    port: (server.address() as AddressInfo).port,
    opened: () => opened,
    quiet: async () => void (await until('no connection is left', () => sockets.size === 0)),
    close,
  }
}
