import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { setImmediate as turn } from 'node:timers/promises'
import { readRawAnswer } from './raw-answer.ts'

/** What a client does in a round; the first five end with a grant that it knows of. */
type Round =
  /** Is held, and gives its lease back. */
  | 'gives back'
  /** Is held, and its lease ends at once, or by time. */
  | 'needs no time'
  | 'lets it end'
  /** Breaks off while it is held, and comes back by the same uid. */
  | 'comes back'
  /** Polls, and is held when it was not granted. */
  | 'polls first'
  /** Breaks off, and is not seen again. */
  | 'vanishes'

// Leases that end by time keep others waiting: there are few of them.
const rounds: readonly Round[] = [
  ...Array.from({ length: 14 }, (): Round => 'gives back'),
  ...Array.from({ length: 14 }, (): Round => 'needs no time'),
  ...Array.from({ length: 6 }, (): Round => 'polls first'),
  ...(['comes back', 'comes back', 'comes back', 'vanishes', 'vanishes', 'lets it end'] as const),
]

// Coprime to their number: all come to all rounds, and neighbours to others at the same time.
const [stride, offset] = [7, 13]
const peers = 50

/** A client that asks for the lock over and over, each time otherwise. */
export class SoakClient {
  readonly #port: number
  readonly #index: number
  readonly #from: string
  #connection: Connection | undefined
  #round = 0

  constructor(port: number, index: number) {
    this.#port = port
    this.#index = index
    this.#from = `127.0.0.${2 + (index % peers)}`
  }

  /** Does one round; gives whether it knows that it was granted the lock. */
  async next(): Promise<boolean> {
    const number = this.#round++
    const round = rounds[(this.#index * offset + number * stride) % rounds.length] ?? 'gives back'
    const isIdentified = round === 'comes back' || (this.#index + number) % 2 === 0
    const uid = `client-${this.#index}-${number}`
    // Who does not give back, or cannot, has a lease that ends by itself.
    const duration = round === 'needs no time' || (!isIdentified && round !== 'lets it end') ? '&duration=0' : ''
    const target = `/?${isIdentified ? `uid=${uid}&pod=soak/${uid}` : 'weight=1'}${duration}`
    if (round === 'vanishes' || round === 'comes back') await this.#breakOff(target, number % 4)
    if (round === 'vanishes') return false
    if (round === 'polls first' && (await this.#ask(`GET ${target}`)) === 200) return await this.#end(isIdentified, round, uid)
    const status = await this.#ask(`GET ${target}`, 'Prefer: wait=300\r\n')
    if (status !== 200) throw new Error(`${round}: ${target} got ${status}`)
    return await this.#end(isIdentified, round, uid)
  }

  close(): void {
    this.#connection?.destroy()
  }

  async #end(isIdentified: boolean, round: Round, uid: string): Promise<true> {
    if (!isIdentified || round === 'needs no time' || round === 'lets it end') return true
    const status = await this.#ask(`DELETE /v1/leases/${uid}`)
    // A slow client's lease may have ended by then.
    if (status !== 204 && status !== 404) throw new Error(`giving back got ${status}`)
    return true
  }

  /** Asks to be held, and ends the connection so many turns later: before, while or after it is served. */
  async #breakOff(target: string, turns: number): Promise<void> {
    const connection = await this.#connect()
    const answer = connection.ask(requestOf(`GET ${target}`, 'Prefer: wait=300\r\n')).catch(() => 0)
    for (let index = 0; index < turns; index++) await turn()
    connection.destroy()
    await answer
  }

  async #ask(line: string, header = ''): Promise<number> {
    const connection = await this.#connect()
    return await connection.ask(requestOf(line, header))
  }

  async #connect(): Promise<Connection> {
    if (this.#connection?.isOpen === true) return this.#connection
    this.#connection = await Connection.open(this.#port, this.#from)
    return this.#connection
  }
}

function requestOf(line: string, header: string): string {
  return `${line} HTTP/1.1\r\nHost: lock\r\n${header}\r\n`
}

/** A connection that carries one request at a time. */
class Connection {
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  #waiting: PromiseWithResolvers<number> | undefined

  static async open(port: number, from: string): Promise<Connection> {
    const socket = connect({ host: '127.0.0.1', port, localAddress: from, noDelay: true })
    await once(socket, 'connect')
    return new Connection(socket)
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('error', () => {})
    socket.on('close', () => this.#waiting?.reject(new Error('the connection was closed without an answer')))
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      const read = readRawAnswer(this.#received)
      if (read === undefined) return
      this.#received = this.#received.subarray(read.length)
      this.#waiting?.resolve(read.answer.status)
      this.#waiting = undefined
    })
  }

  get isOpen(): boolean {
    return this.#socket.readyState === 'open'
  }

  async ask(request: string): Promise<number> {
    this.#waiting = Promise.withResolvers<number>()
    this.#socket.write(request)
    return await this.#waiting.promise
  }

  destroy(): void {
    this.#socket.destroy()
  }
}
