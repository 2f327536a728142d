import { type ClientRequest, type IncomingHttpHeaders, type IncomingMessage, type OutgoingHttpHeaders, request as requestHttp } from 'node:http'
import { request as requestHttps, type RequestOptions } from 'node:https'
import type { Socket } from 'node:net'
import { TLSSocket } from 'node:tls'
import type { KubeConfig } from '@kubernetes/client-node'
import { isObject, type JsonObject } from '../units/json.ts'

/** A request to the API server. */
export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'
  /** Such as `/api/v1/namespaces`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly body?: unknown
  /** Of the body; JSON unless said otherwise. */
  readonly contentType?: string
  /** Of the answer, which is JSON in any case. */
  readonly accept?: string
  /** Told the server's clock as each answer has it, in milliseconds since 1970; whole seconds. */
  readonly onClock?: (ms: number) => void
  readonly signal: AbortSignal
}

/** The API server answered, and did not do what it was asked to. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** The HTTP status, or the code of the Status in an event. */
  readonly status: number
  /** For how long the server wants to be left alone; 0 where it does not say. */
  readonly retryAfterMs: number
  /** What it said, where that was a JSON object: a Status, or a document of whoever it has asked for us. */
  readonly document: JsonObject | undefined

  constructor(status: number, message: string, retryAfterMs = 0, document?: JsonObject) {
    super(`the API server answered ${status}: ${message}`)
    this.status = status
    this.retryAfterMs = retryAfterMs
    this.document = document
  }
}

// Lists of a page are answered within a second; a server that is overloaded may take its time.
const answerWithinMs = 30_000

/**
 * Sends a request and reads the JSON that comes back, as it is: the library's typed calls drop fields that they do
 * not know, and take undici with them, which would cost the lock of every node 12 MB. How the cluster is reached,
 * authentication and TLS are the library's.
 *
 * @throws {ApiError} for a status other than 2xx; other errors where there is no answer within 30 s.
 */
export async function requestJson(config: KubeConfig, request: ApiRequest): Promise<JsonObject> {
  const value: unknown = JSON.parse(await requestText(config, request))
  if (!isObject(value)) throw new Error(`${request.path}: the answer is not a JSON object`)
  return value
}

/** As {@link requestJson}, of an answer that may be anything. */
export async function requestText(config: KubeConfig, request: ApiRequest): Promise<string> {
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(answerWithinMs)])
  const answer = await send(config, { ...request, signal })
  try {
    return await textOf(answer)
  } finally {
    answer.destroy()
  }
}

/** An answer that goes on for as long as its connection. */
export interface OpenAnswer {
  readonly chunks: AsyncIterable<Uint8Array>
  /** Ends the connection. */
  readonly close: () => void
}

/**
 * Sends a request whose answer does not end.
 *
 * @throws {ApiError} as {@link requestJson}.
 */
export async function openAnswer(config: KubeConfig, request: ApiRequest): Promise<OpenAnswer> {
  const answer = await send(config, request)
  return { chunks: answer, close: () => void answer.destroy() }
}

// A dead connection on which we only listen is noticed by TCP alone: by then after 15 s, and ten probes, one a second.
const keepAliveMs = 15_000

async function send(config: KubeConfig, request: ApiRequest): Promise<IncomingMessage> {
  const { body, contentType = 'application/json', accept = 'application/json' } = request
  const text = body === undefined ? undefined : JSON.stringify(body)
  const sent = await begin(config, request, {
    accept,
    ...(text === undefined ? {} : { 'content-type': contentType, 'content-length': Buffer.byteLength(text) }),
  })
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  sent.once('response', resolve)
  // Kept on: what breaks after the answer has begun is the reader's to hear, of the answer.
  sent.on('error', reject)
  sent.end(text)
  const answer = await promise
  const clock = Date.parse(answer.headers.date ?? '')
  if (!Number.isNaN(clock)) request.onClock?.(clock)
  const status = answer.statusCode ?? 0
  if (status >= 200 && status <= 299) return answer
  throw await refusalOf(answer)
}

/** A request that is not sent yet, with all that the kubeconfig says of the way to the API server. */
async function begin(config: KubeConfig, request: ApiRequest, headers: OutgoingHttpHeaders): Promise<ClientRequest> {
  const { method = 'GET', path, query = {}, signal } = request
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new Error('the kubeconfig has no current cluster')
  const url = new URL(cluster.server.replace(/\/$/, '') + path)
  for (const [name, value] of Object.entries(query)) if (value !== undefined) url.searchParams.set(name, value)
  const options: RequestOptions = {}
  await config.applyToHTTPSOptions(options)
  const sent = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
    ...options,
    // A connection for each request: they are few, and nothing has to be closed later. The library's agent is for proxies.
    agent: cluster.proxyUrl === undefined ? false : options.agent,
    method,
    signal,
    headers: { ...Object.fromEntries(Object.entries(options.headers ?? {})), 'user-agent': 'usher', ...headers },
  })
  sent.once('socket', (socket) => {
    socket.setKeepAlive(true, keepAliveMs)
    limitConnecting(socket)
  })
  return sent
}

async function refusalOf(answer: IncomingMessage): Promise<ApiError> {
  try {
    return errorOf(answer.statusCode ?? 0, answer.headers['retry-after'], await textOf(answer))
  } finally {
    answer.destroy()
  }
}

/**
 * Asks the API server to go on with another protocol on the same connection, by these headers.
 *
 * @throws {ApiError} where it does not; other errors where the connection fails.
 */
export async function upgrade(config: KubeConfig, request: ApiRequest, headers: OutgoingHttpHeaders): Promise<Upgraded> {
  const sent = await begin(config, request, { ...headers, connection: 'Upgrade' })
  const { promise, resolve, reject } = Promise.withResolvers<Upgraded>()
  sent.once('upgrade', (answer: IncomingMessage, socket: Socket, head: Buffer) => resolve({ headers: answer.headers, socket, head }))
  sent.once('response', (answer: IncomingMessage) => void refusalOf(answer).then(reject, reject))
  sent.on('error', reject)
  sent.end()
  return promise
}

/** A connection that goes on with another protocol. */
export interface Upgraded {
  readonly headers: IncomingHttpHeaders
  readonly socket: Socket
  /** What has come of the other protocol already. */
  readonly head: Buffer
}

// A first packet may be lost for good: a node that boots has no rules for services yet. A new connection gets through then.
const connectWithinMs = 5_000

function limitConnecting(socket: Socket): void {
  const tooLate = (): void => void socket.destroy(new Error(`no connection within ${connectWithinMs / 1_000} s`))
  socket.setTimeout(connectWithinMs, tooLate)
  socket.once(socket instanceof TLSSocket ? 'secureConnect' : 'connect', () => socket.setTimeout(0, tooLate))
}

async function textOf(answer: IncomingMessage): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of answer as AsyncIterable<Uint8Array>) text += decoder.decode(chunk, { stream: true })
  return text + decoder.decode()
}

// The message of a Status names what was wrong in a line; a proxy's page of HTML is cut off.
const maxMessageLength = 300

// Longer than that nobody who keeps a watch is to be put off.
const maxRetryAfterMs = 60_000

function errorOf(status: number, retryAfter: string | undefined, text: string): ApiError {
  const seconds = Number(retryAfter ?? 0)
  const retryAfterMs = seconds > 0 ? Math.min(seconds * 1_000, maxRetryAfterMs) : 0
  const document = documentOf(text)
  // A Status says it in `message`, a problem document of a pod that was asked for us in `detail`.
  const words = document?.['message'] ?? document?.['detail']
  const message = typeof words === 'string' ? words : text
  return new ApiError(status, message.slice(0, maxMessageLength), retryAfterMs, document)
}

function documentOf(text: string): JsonObject | undefined {
  try {
    const document: unknown = JSON.parse(text)
    return isObject(document) ? document : undefined
  } catch {
    // Not the API server's own words.
    return undefined
  }
}
