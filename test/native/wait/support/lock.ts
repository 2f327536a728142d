import { once } from 'node:events'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import type { Test } from 'tap'
import { until } from '../../../support/until.ts'

/** A request as it came. */
export interface Request {
  /** All of it, as it was on the wire. */
  readonly text: string
  readonly method: string
  readonly path: string
  readonly query: URLSearchParams
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>
  /** Which of the lock's connections it came by, from 1. */
  readonly connection: number
}

/** What a lock answers; undefined for nothing (yet). */
export type Answer = string | Buffer | undefined

/** Decides the answer to the `count`th request, from 1; may also do things to the connection itself. */
export type Script = (request: Request, count: number, socket: Socket) => Answer

/** A lock that does what its script says. */
export interface Lock {
  readonly port: number
  /** For the program under test: where the lock is. */
  readonly args: readonly string[]
  readonly requests: readonly Request[]
  connections(): number
  /** Waits for the `count`th request, from 1. */
  request(count: number): Promise<Request>
  /** Waits until all connections are closed. */
  closed(): Promise<void>
}

/** Starts a lock on a free port of the loopback; it ends with the test. */
export async function startLock(t: Test, script: Script, host = '127.0.0.1'): Promise<Lock> {
  const requests: Request[] = []
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    const connection = ++connections
    sockets.add(socket)
    socket.on('close', () => sockets.delete(socket))
    socket.on('error', () => {}) // the program may reset it
    let text = ''
    socket.setEncoding('latin1').on('data', (chunk: string) => {
      text += chunk
      for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
        const request = readRequest(text.slice(0, end + 4), connection)
        text = text.slice(end + 4)
        requests.push(request)
        const answer = request.method === 'DELETE' ? undefined : script(request, requests.length, socket)
        if (answer !== undefined) socket.write(answer)
      }
    })
  })
  server.listen(0, host)
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  const { port } = server.address() as AddressInfo
  return {
    port,
    args: [`--host=${host}`, `--port=${port}`],
    requests,
    connections: () => connections,
    request: (count) => until(`request ${count} comes`, () => requests[count - 1]),
    closed: async () => void (await until('all connections are closed', () => connections > 0 && sockets.size === 0)),
  }
}

/** The lock is granted, as the older service says it. */
export function granted(): string {
  return answer('200 OK', {}, 'Lock acquired')
}

/** Not yet: as the older services say it, or with a detail as usher's does. */
export function queued(detail?: string, headers: Readonly<Record<string, string>> = {}): string {
  if (detail === undefined) return answer('423 Locked', headers, 'Locked')
  const body = JSON.stringify({ type: 'about:blank', title: 'Locked', status: 423, detail, position: 4 })
  return answer('423 Locked', { 'Content-Type': 'application/problem+json', ...headers }, body)
}

/** Any answer of HTTP/1.1 with a body of known length. */
export function answer(status: string, headers: Readonly<Record<string, string>> = {}, body = ''): string {
  const lines = Object.entries({ ...headers, 'Content-Length': Buffer.byteLength(body) })
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('')
  return `HTTP/1.1 ${status}\r\n${head}\r\n${body}`
}

/** Answers the first requests with these, in turn, and all others with the last. */
export function inTurn(...answers: readonly [Answer, ...Answer[]]): Script {
  return (_request, count) => answers[Math.min(count, answers.length) - 1]
}

function readRequest(text: string, connection: number): Request {
  const [first = '', ...lines] = text.trimEnd().split('\r\n')
  const [method = '', target = ''] = first.split(' ')
  const url = new URL(target, 'http://lock')
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':')
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
  })
  return { text, method, path: url.pathname, query: url.searchParams, headers: new Map(headers), connection }
}
