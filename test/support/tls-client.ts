import { Agent, request } from 'node:https'
import type { OutgoingHttpHeaders } from 'node:http'
import { connect, type TLSSocket } from 'node:tls'
import type { Test } from 'tap'
import { serviceName } from './certificates.ts'
import { type RawAnswer, readRawAnswer } from './raw-answer.ts'

/** Where a webhook listens, and the CA that is trusted. */
export interface Server {
  readonly port: number
  readonly ca: string
  readonly host?: string
}

/** An answer over HTTPS. */
export interface Answer {
  readonly status: number
  readonly type: string | undefined
  readonly body: string
}

/** What is sent: a review to `/mutate?timeout=2s`, unless this says otherwise. */
export interface Sending {
  readonly method?: string
  readonly path?: string
  readonly headers?: OutgoingHttpHeaders
}

/** Connections as an API server makes them: trusts the CA alone, wants the Service's name, keeps them open. */
export function agentFor(t: Test, server: Server, maxSockets = Infinity): Agent {
  const agent = new Agent({ keepAlive: true, maxSockets, ca: server.ca, servername: serviceName })
  t.teardown(() => agent.destroy())
  return agent
}

/** Sends a body and reads the whole answer. */
export function post(agent: Agent, server: Server, body: string | Buffer, sending: Sending = {}): Promise<Answer> {
  const { method = 'POST', path = '/mutate?timeout=2s' } = sending
  const headers = { 'content-type': 'application/json', ...lengthOf(body, sending.headers), ...sending.headers }
  const { promise, resolve, reject } = Promise.withResolvers<Answer>()
  const options = { agent, host: server.host ?? '127.0.0.1', port: server.port, method, path, headers }
  const sent = request(options, (response) => {
    const chunks: Buffer[] = []
    response.on('data', (chunk: Buffer) => chunks.push(chunk))
    response.on('error', reject)
    response.on('end', () => {
      const { statusCode: status = 0, headers: received } = response
      resolve({ status, type: received['content-type'], body: Buffer.concat(chunks).toString() })
    })
  })
  sent.on('error', reject)
  sent.end(body)
  return promise
}

function lengthOf(body: string | Buffer, headers: OutgoingHttpHeaders = {}): OutgoingHttpHeaders {
  return 'transfer-encoding' in headers ? {} : { 'content-length': Buffer.byteLength(body) }
}

/** One TLS connection on which bytes are sent as they are. */
export interface RawConnection {
  readonly socket: TLSSocket
  send(text: string | Buffer): void
  /** The next whole answer. Rejects where the connection ends before. */
  answer(): Promise<RawAnswer>
  /** When the server has closed the connection. */
  readonly closed: Promise<void>
}

/** Connects and verifies the certificate. */
export async function connectRaw(t: Test, server: Server): Promise<RawConnection> {
  const socket = connect({
    host: server.host ?? '127.0.0.1',
    port: server.port,
    ca: server.ca,
    servername: serviceName,
    ALPNProtocols: ['http/1.1'],
  })
  t.teardown(() => socket.destroy())
  const ready = Promise.withResolvers<void>()
  const closed = Promise.withResolvers<void>()
  const waiting: PromiseWithResolvers<RawAnswer>[] = []
  let received = Buffer.alloc(0)
  let failure = new Error('the connection was closed without an answer')
  let isClosed = false

  function deliver(): void {
    while (waiting.length > 0) {
      const found = readRawAnswer(received)
      if (found === undefined) break
      received = received.subarray(found.length)
      waiting.shift()?.resolve(found.answer)
    }
    if (isClosed) for (const each of waiting.splice(0)) each.reject(failure)
  }

  socket.on('secureConnect', () => ready.resolve())
  socket.on('error', (error) => {
    failure = error
    ready.reject(error)
  })
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    deliver()
  })
  socket.on('close', () => {
    isClosed = true
    deliver()
    closed.resolve()
  })
  await ready.promise
  return {
    socket,
    closed: closed.promise,
    send: (text) => void socket.write(text),
    answer() {
      const next = Promise.withResolvers<RawAnswer>()
      waiting.push(next)
      deliver()
      return next.promise
    },
  }
}

/** A whole request that brings a review, as it goes over the wire. */
export function rawReview(body: string): string {
  const length = Buffer.byteLength(body)
  return head('POST /mutate?timeout=2s', { 'content-type': 'application/json', 'content-length': length }) + body
}

/** The head of a request. */
export function head(requestLine: string, headers: Readonly<Record<string, string | number>> = {}): string {
  const lines = Object.entries({ host: serviceName, ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${requestLine} HTTP/1.1\r\n${lines.join('')}\r\n`
}
