import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** A connection that is kept alive and carries one request at a time; as lean as it can be. */
export class LockConnection {
  readonly #socket: Socket
  #received = ''
  #answered: ((status: number) => void) | undefined

  /** Connects; `failed` is told whatever goes wrong from now on. */
  static async open(port: number, failed: (error: Error) => void): Promise<LockConnection> {
    const socket = connect({ host: '127.0.0.1', port, noDelay: true })
    await once(socket, 'connect')
    return new LockConnection(socket, failed)
  }

  private constructor(socket: Socket, failed: (error: Error) => void) {
    this.#socket = socket
    socket.setEncoding('latin1')
    socket.on('error', failed)
    socket.on('close', () => {
      if (this.#answered !== undefined) failed(new Error('the server has closed the connection'))
    })
    socket.on('data', (chunk: string) => this.#read(chunk))
  }

  /** Sends a request, and calls back with the status of its answer when that has come as a whole. */
  send(request: string | Buffer, answered: (status: number) => void): void {
    if (this.#answered !== undefined) throw new Error('the connection is busy')
    this.#answered = answered
    this.#socket.write(request)
  }

  /** As {@link send}, as a promise. */
  ask(request: string | Buffer): Promise<number> {
    return new Promise((resolve) => this.send(request, resolve))
  }

  close(): void {
    this.#answered = undefined
    this.#socket.destroy()
  }

  #read(chunk: string): void {
    this.#received += chunk
    const end = this.#received.indexOf('\r\n\r\n')
    if (end < 0) return
    const length = Number(/\r\ncontent-length: (\d+)/i.exec(this.#received)?.[1] ?? 0)
    if (this.#received.length < end + 4 + length) return
    const status = Number(this.#received.slice(9, 12))
    this.#received = this.#received.slice(end + 4 + length)
    const answered = this.#answered
    this.#answered = undefined
    answered?.(status)
  }
}

/** The bytes of a request. */
export function requestOf(path: string, { method = 'GET', headers = '' } = {}): string {
  return `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${headers}\r\n`
}
