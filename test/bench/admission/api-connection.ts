import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'

/** An answer of the API server, as it came. */
export interface ApiAnswer {
  readonly status: number
  /** Everything, head and marks of chunks included. */
  readonly received: Buffer
}

/** How the API server is reached. */
export interface ApiAccess {
  readonly port: number
  readonly ca: string
  readonly token: string
}

const headEnd = Buffer.from('\r\n\r\n')
// Neither stands in JSON: a line break in a string is escaped.
const lastChunk = Buffer.from('\r\n0\r\n\r\n')

/** A connection that is kept alive and carries one request at a time; as lean as it can be, over TLS and HTTP/1.1. */
export class ApiConnection {
  readonly #socket: TLSSocket
  #received: Buffer | undefined
  #answered: ((answer: ApiAnswer) => void) | undefined

  /** Connects; `failed` is told whatever goes wrong from now on. */
  static async open({ port, ca }: ApiAccess, failed: (error: Error) => void): Promise<ApiConnection> {
    const socket = connect({ host: '127.0.0.1', port, ca, ALPNProtocols: ['http/1.1'] })
    await once(socket, 'secureConnect')
    return new ApiConnection(socket, failed)
  }

  private constructor(socket: TLSSocket, failed: (error: Error) => void) {
    this.#socket = socket
    socket.setNoDelay(true)
    socket.on('error', failed)
    socket.on('close', () => {
      if (this.#answered !== undefined) failed(new Error('the API server has closed the connection'))
    })
    socket.on('data', (chunk: Buffer) => this.#read(chunk))
  }

  /** Sends a request, and calls back when its answer has come as a whole. */
  send(request: Buffer, answered: (answer: ApiAnswer) => void): void {
    if (this.#answered !== undefined) throw new Error('the connection is busy')
    this.#answered = answered
    this.#socket.write(request)
  }

  /** As {@link send}, as a promise. */
  ask(request: Buffer): Promise<ApiAnswer> {
    return new Promise((resolve) => this.send(request, resolve))
  }

  close(): void {
    this.#answered = undefined
    this.#socket.destroy()
  }

  #read(chunk: Buffer): void {
    const received = this.#received === undefined ? chunk : Buffer.concat([this.#received, chunk])
    if (!isWhole(received)) {
      this.#received = received
      return
    }
    this.#received = undefined
    const answered = this.#answered
    this.#answered = undefined
    answered?.({ status: Number(received.toString('latin1', 9, 12)), received })
  }
}

/** The bytes of a request. */
export function requestOf({ port, token }: ApiAccess, method: string, path: string, body: object, type = 'application/json'): Buffer {
  const text = JSON.stringify(body)
  const head = [
    `${method} ${path} HTTP/1.1`,
    `Host: 127.0.0.1:${port}`,
    `Authorization: Bearer ${token}`,
    'Accept: application/json',
    `Content-Type: ${type}`,
    `Content-Length: ${Buffer.byteLength(text)}`,
  ].join('\r\n')
  return Buffer.from(`${head}\r\n\r\n${text}`)
}

/** What an answer's body says. */
export function jsonOf({ received }: ApiAnswer): unknown {
  const end = received.indexOf(headEnd)
  const head = received.toString('latin1', 0, end)
  const body = received.subarray(end + headEnd.length)
  return JSON.parse((isChunked(head) ? joinChunks(body) : body).toString())
}

function isWhole(received: Buffer): boolean {
  const end = received.indexOf(headEnd)
  if (end === -1) return false
  const head = received.toString('latin1', 0, end)
  if (isChunked(head)) return received.subarray(-lastChunk.length).equals(lastChunk)
  const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
  return received.length >= end + headEnd.length + length
}

function isChunked(head: string): boolean {
  return /\r\ntransfer-encoding: *chunked/i.test(head)
}

function joinChunks(body: Buffer): Buffer {
  const chunks: Buffer[] = []
  for (let at = 0; ;) {
    const lineEnd = body.indexOf('\r\n', at)
    const length = Number.parseInt(body.toString('latin1', at, lineEnd), 16)
    if (!(length > 0)) return Buffer.concat(chunks)
    chunks.push(body.subarray(lineEnd + 2, lineEnd + 2 + length))
    at = lineEnd + 2 + length + 2
  }
}
