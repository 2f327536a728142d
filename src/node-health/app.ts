import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import fastify, { type FastifyInstance } from 'fastify'
import { limitConnections } from '../http/limit-connections.ts'
import { refuseRaw } from '../http/refuse-raw.ts'

/** What the server is answered from. */
export interface NodeHealthOptions {
  readonly isHealthy: () => boolean
}

interface Answer {
  readonly status: number
  readonly line: string
  readonly body: string
}

const healthy: Answer = { status: 200, line: 'HTTP/1.1 200 OK', body: 'HealthCheck OK' }
const unhealthy: Answer = { status: 412, line: 'HTTP/1.1 412 Precondition Failed', body: 'HealthCheck Failed' }
const type = 'text/plain; charset=utf-8'

// Whoever asks has no body, and reads a line. The locks of a node are few.
const timeouts = { headersTimeout: 5_000, requestTimeout: 10_000, keepAliveTimeout: 65_000, connectionsCheckingInterval: 1_000 }
const connections = { total: 512, perPeer: 128 }

/**
 * Builds the server of a node's health: k8s-health's, to the byte. Whatever is asked, at any path and with any method, gets
 * the same answer, so there is nothing to route, and no path is left for metrics or probes. Does not listen yet.
 */
export function buildNodeHealth({ isHealthy }: NodeHealthOptions): FastifyInstance {
  const now = (): Answer => (isHealthy() ? healthy : unhealthy)
  return fastify({ serverFactory: () => buildServer(now), forceCloseConnections: 'idle' })
}

function buildServer(now: () => Answer): Server {
  const server = createServer(timeouts, (request: IncomingMessage, response: ServerResponse) => {
    const { status, body } = now()
    // Not read, a body would be in the way of the next request.
    request.resume()
    response.writeHead(status, { 'content-type': type, 'content-length': body.length }).end(body)
  })
  limitConnections(server, connections)
  server.on('clientError', refuseRaw)
  server.on('connect', (_request: IncomingMessage, socket: Duplex) => {
    socket.on('error', () => socket.destroy())
    const { line, body } = now()
    socket.end(`${line}\r\ncontent-type: ${type}\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`)
  })
  return server
}
