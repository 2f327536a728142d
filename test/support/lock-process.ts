import { mkdtempSync, rmSync } from 'node:fs'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Test } from 'tap'
import type { JsonObject } from '../../src/units/json.ts'
import { type Ended, start, type Starting } from './usher-process.ts'
import { until, within } from './until.ts'

/** A lock that runs as a process of its own. */
export interface LockProcess {
  readonly port: number
  readonly pid: number
  /** Where its state is kept, unless the flags said otherwise. */
  readonly folder: string
  /** When it has ended, and all that it wrote has been read. */
  readonly ended: Promise<Ended>
  /** Its log. */
  text(): string
  stderr(): string
  /** Waits for a line of the log with this message, and with these members. */
  line(message: string, members?: JsonObject): Promise<JsonObject>
  /** All lines of the log with this message. */
  lines(message: string): readonly JsonObject[]
  kill(signal: NodeJS.Signals): void
}

/** Starts `usher lock` on a free port of the loopback, with a folder for its state, and waits until it listens. */
export async function startLock(t: Test, flags: readonly string[] = [], starting: Starting = {}): Promise<LockProcess> {
  const folder = stateFolder(t)
  const lock = await startBareLock(t, ['--host', '127.0.0.1', '--port', '0', '--state-dir', folder, ...flags], starting)
  return { ...lock, folder }
}

/** Starts `usher lock` with these flags and no others, and waits until it listens. */
export async function startBareLock(t: Test, flags: readonly string[], starting: Starting = {}): Promise<Omit<LockProcess, 'folder'>> {
  const running = start(t, ['lock', ...flags], starting)
  const lines = (message: string) => running.lines.filter(({ msg }) => msg === message)
  const line = (message: string, members: JsonObject = {}) =>
    until(`the log says ${message}`, () => lines(message).find((each) => has(each, members))).catch((error: unknown) => {
      throw new Error(`the log: ${running.stdout()}${running.stderr()}`, { cause: error })
    })
  const early = running.ended.then(({ code }) => {
    throw new Error(`the lock ended with ${code}: ${running.stderr()}${running.stdout()}`)
  })
  early.catch(() => {})
  const { port } = await Promise.race([line('listening'), early])
  if (typeof port !== 'number') throw new Error('the log does not name the port')
  return { port, pid: running.pid, ended: running.ended, text: running.stdout, stderr: running.stderr, line, lines, kill: running.kill }
}

function has(entry: JsonObject, members: JsonObject): boolean {
  return Object.entries(members).every(([name, value]) => entry[name] === value)
}

/** A folder for the state of a lock, and of the next one; it goes with the test. */
export function stateFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'usher-lock-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

/** A port on which nobody listens, for a lock that is to come back to it. */
export async function freePort(): Promise<number> {
  const server = createServer()
  const listening = Promise.withResolvers<void>()
  server.listen(0, '127.0.0.1', listening.resolve)
  await listening.promise
  const { port } = server.address() as AddressInfo
  const closed = Promise.withResolvers<void>()
  server.close(() => closed.resolve())
  await closed.promise
  return port
}

/** An answer as it came over the wire. */
export interface WireAnswer {
  readonly status: number
  /** The status line. */
  readonly line: string
  /** By their names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** One connection on which bytes are sent as they are. */
export interface WireConnection {
  readonly socket: Socket
  send(bytes: string | Uint8Array): void
  /** The next whole answer; that to a HEAD has no body. Rejects where the connection ends before, or none comes. */
  answer(method?: string): Promise<WireAnswer>
  /** What has come, and was not taken for an answer. */
  rest(): string
  /** Waits until the server has closed the connection. */
  closed(): Promise<void>
}

// No answer takes so long but those that are held; this only tells a slow machine from a hang.
const patienceMs = 30_000

/** Connects to a lock, from an address of the loopback. */
export async function connectTo(t: Test, { port }: { readonly port: number }, from = '127.0.0.1'): Promise<WireConnection> {
  const socket = connect({ host: '127.0.0.1', port, localAddress: from })
  t.teardown(() => socket.destroy())
  const ready = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  const waiting: { readonly method: string; readonly next: PromiseWithResolvers<WireAnswer> }[] = []
  let received = Buffer.alloc(0)
  let failure = new Error('the connection was closed without an answer')

  function deliver(): void {
    for (let [first] = waiting; first !== undefined; [first] = waiting) {
      const found = readAnswer(received, first.method, socket.closed || socket.readableEnded)
      if (found === undefined) break
      received = received.subarray(found.length)
      waiting.shift()
      first.next.resolve(found.answer)
    }
    if (socket.closed || socket.readableEnded) for (const { next } of waiting.splice(0)) next.reject(failure)
  }

  socket.on('connect', () => ready.resolve())
  socket.on('error', (error) => {
    failure = error
    ready.reject(error)
  })
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk])
    deliver()
  })
  socket.on('end', deliver)
  socket.on('close', () => {
    deliver()
    ended.resolve()
  })
  await ready.promise
  return {
    socket,
    send: (bytes) => void socket.write(bytes),
    answer(method = 'GET') {
      const next = Promise.withResolvers<WireAnswer>()
      waiting.push({ method, next })
      deliver()
      return within(patienceMs, `an answer comes to ${method}`, next.promise)
    },
    rest: () => received.toString(),
    closed: () => within(patienceMs, 'the server closes the connection', ended.promise),
  }
}

/** The first whole answer in what was received, and its length; undefined while it is not whole. Chunks stay as they are. */
function readAnswer(received: Buffer, method: string, isEnd: boolean): { readonly answer: WireAnswer; readonly length: number } | undefined {
  const headEnd = received.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const start = headEnd + 4
  const [line = '', ...headerLines] = received.subarray(0, headEnd).toString().split('\r\n')
  const headers = Object.fromEntries(headerLines.map(readHeader))
  const status = Number(line.split(' ', 2)[1])
  const given = headers['content-length']
  const isChunked = headers['transfer-encoding'] !== undefined
  const hasNone = method === 'HEAD' || status === 204 || status < 200
  if (given === undefined && !hasNone && !isEnd && !isChunked) return undefined
  const chunksEnd = received.indexOf('0\r\n\r\n', start)
  if (isChunked && !hasNone && chunksEnd < 0) return undefined
  const bodyLength = isChunked ? chunksEnd + 5 - start : Number(given ?? received.length - start)
  const length = start + (hasNone ? 0 : bodyLength)
  if (received.length < length) return undefined
  return { answer: { status, line, headers, body: received.subarray(start, length).toString() }, length }
}

function readHeader(line: string): [string, string] {
  const colon = line.indexOf(':')
  return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()]
}

/** The bytes of a request without a body. */
export function requestOf(requestLine: string, headers: Readonly<Record<string, string | number>> = {}): string {
  const lines = Object.entries({ Host: 'lock', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${requestLine} HTTP/1.1\r\n${lines.join('')}\r\n`
}

/** What is asked, besides `GET`. */
export interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string | number>>
  readonly body?: string
  /** The address of the loopback that asks. */
  readonly from?: string
}

/** Asks once, on a connection of its own. */
export async function ask(t: Test, lock: { readonly port: number }, target: string, asking: Asking = {}): Promise<WireAnswer> {
  const { method = 'GET', headers = {}, body, from } = asking
  const connection = await connectTo(t, lock, from)
  const length = body === undefined ? {} : { 'Content-Length': Buffer.byteLength(body) }
  connection.send(requestOf(`${method} ${target}`, { ...length, ...headers }) + (body ?? ''))
  try {
    return await connection.answer(method)
  } finally {
    connection.socket.destroy()
  }
}

/** Asks, and has the lock hold the request; the answer is that of the connection. */
export async function askHeld(t: Test, lock: { readonly port: number }, target: string, asking: Asking & { readonly wait?: number } = {}): Promise<WireConnection> {
  const { headers = {}, wait = 60, from } = asking
  const connection = await connectTo(t, lock, from)
  connection.send(requestOf(`GET ${target}`, { Prefer: `wait=${wait}`, ...headers }))
  return connection
}

/** A 423 for people. */
export const asDocument = { Accept: 'application/problem+json' }

/** The parsed body of an answer. */
export function jsonOf({ body }: { readonly body: string }): Readonly<Record<string, unknown>> {
  return JSON.parse(body)
}

/** What `GET /v1/state` says. */
export async function stateOf(t: Test, lock: { readonly port: number }): Promise<StateSeen> {
  return JSON.parse((await ask(t, lock, '/v1/state')).body)
}

/** As much of the state as tests look at. */
export interface StateSeen {
  readonly permits: { readonly floor: number; readonly used: number; readonly strict: boolean }
  readonly holders: readonly { readonly pod: string | null; readonly identified: boolean; readonly leftSeconds: number; readonly heldSeconds: number }[]
  readonly waiters: readonly {
    readonly pod: string | null
    readonly position: number
    readonly priority: number
    readonly weight: number
    readonly connected: boolean
    readonly waitedSeconds: number
    readonly leftSeconds?: number
  }[]
  readonly gates: readonly { readonly name: string; readonly open: boolean; readonly reason: string }[]
}

/** Waits until so many wait. */
export async function waiters(t: Test, lock: { readonly port: number }, count: number): Promise<StateSeen> {
  return await until(`${count} wait`, async () => {
    const state = await stateOf(t, lock)
    return state.waiters.length === count && state
  })
}
