import { once } from 'node:events'
import { connect, type TLSSocket } from 'node:tls'
import { checkAnswer, cutAnswer } from './review-answer.ts'
import { countDigits, type ReviewRequest } from './review-request.ts'

/**
 * A connection that is kept alive and carries one review at a time. As lean as it can be, so that the machine
 * is the server's: prebuilt bytes go out, and of what comes back only the first answer is parsed. The others
 * are compared with it, byte by byte, with the uid that is due.
 */
export class ReviewConnection {
  readonly #socket: TLSSocket
  readonly #request: Buffer
  readonly #uidStart: string
  readonly #countAt: number
  #count = 0
  #expected: { readonly body: Buffer; readonly countAt: number } | undefined
  #received: Buffer | undefined
  #answered: (() => void) | undefined

  /**
   * Connects, and checks one answer in full.
   *
   * @param ca the CA that the server's certificate must be of, PEM.
   * @param failed is told whatever goes wrong, from now on.
   */
  static async open(
    port: number,
    ca: string,
    request: ReviewRequest,
    failed: (error: Error) => void,
  ): Promise<ReviewConnection> {
    const socket = connect({ host: '127.0.0.1', port, ca, servername: 'localhost', minVersion: 'TLSv1.2' })
    await once(socket, 'secureConnect')
    const connection = new ReviewConnection(socket, request, failed)
    const { promise, resolve } = Promise.withResolvers<void>()
    connection.send(resolve)
    await promise
    return connection
  }

  private constructor(socket: TLSSocket, request: ReviewRequest, failed: (error: Error) => void) {
    this.#socket = socket
    this.#request = Buffer.from(request.bytes)
    this.#uidStart = request.uidStart
    this.#countAt = request.countAt
    socket.setNoDelay(true)
    socket.on('error', failed)
    socket.on('close', () => {
      if (this.#answered !== undefined) failed(new Error('the server has closed the connection'))
    })
    socket.on('data', (chunk: Buffer) => {
      try {
        this.#read(chunk)
      } catch (error) {
        failed(error instanceof Error ? error : new Error(String(error)))
      }
    })
  }

  /** The length of an answer's body. */
  get answerBytes(): number {
    return this.#expected?.body.length ?? 0
  }

  /** Sends the next review, and calls back when its answer has come and is right. */
  send(answered: () => void): void {
    if (this.#answered !== undefined) throw new Error('the connection is busy')
    this.#answered = answered
    this.#count++
    this.#request.write(this.#digits(), this.#countAt, 'latin1')
    this.#socket.write(this.#request)
  }

  close(): void {
    this.#socket.destroy()
  }

  #digits(): string {
    return String(this.#count).padStart(countDigits, '0')
  }

  #read(chunk: Buffer): void {
    const received = this.#received === undefined ? chunk : Buffer.concat([this.#received, chunk])
    const answer = cutAnswer(received)
    if (answer === undefined) {
      this.#received = received
      return
    }
    this.#received = undefined
    const answered = this.#answered
    if (answered === undefined) throw new Error('an answer to nothing has come')
    this.#answered = undefined

    const digits = this.#digits()
    if (this.#expected === undefined) {
      const uid = this.#uidStart + digits
      checkAnswer(answer, uid)
      const body = Buffer.from(answer.body)
      this.#expected = { body, countAt: body.indexOf(uid) + this.#uidStart.length }
    } else {
      const { body, countAt } = this.#expected
      body.write(digits, countAt, 'latin1')
      if (answer.status !== '200' || !answer.body.equals(body)) {
        throw new Error(`not as the first answer, but ${answer.status}: ${answer.body.toString()}`)
      }
    }
    answered()
  }
}
