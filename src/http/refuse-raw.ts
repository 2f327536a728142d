import { STATUS_CODES } from 'node:http'
import type { Socket } from 'node:net'
import { type ProblemCode, problemDocument, problemTable } from './problem.ts'

/**
 * Answers what is not HTTP enough to become a request, and ends the connection. The `clientErrorHandler` of a
 * Fastify server.
 */
export function refuseRaw(error: Error & { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const { code, detail } = problemOf(error.code)
  const { status } = problemTable[code]
  const body = problemDocument(code, detail)
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    'content-type: application/problem+json; charset=utf-8',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`, () => socket.destroy())
}

/** By the codes of Node's parser and server. */
function problemOf(error: string | undefined): { readonly code: ProblemCode; readonly detail: string } {
  if (error === 'HPE_HEADER_OVERFLOW') return { code: 'headers-too-large', detail: 'the headers must be shorter' }
  if (error === 'ERR_HTTP_REQUEST_TIMEOUT') return { code: 'request-timeout', detail: 'the request must arrive faster' }
  return { code: 'bad-request', detail: 'it is not HTTP that can be read' }
}
