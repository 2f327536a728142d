import {
  HttpMethod,
  IsomorphicFetchHttpLibrary,
  type KubeConfig,
  RequestContext,
  type ResponseContext,
} from '@kubernetes/client-node'
import { isObject, type JsonObject } from '../units/json.ts'

/** A request to the API server. */
export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'PATCH'
  /** Such as `/api/v1/namespaces`. */
  readonly path: string
  readonly query?: Readonly<Record<string, string | undefined>>
  readonly body?: unknown
  /** Of the body; JSON unless said otherwise. */
  readonly contentType?: string
  readonly signal: AbortSignal
}

/** The API server answered, and did not do what it was asked to. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  /** The HTTP status, or the code of the Status in an event. */
  readonly status: number
  /** For how long the server wants to be left alone; 0 where it does not say. */
  readonly retryAfterMs: number

  constructor(status: number, message: string, retryAfterMs = 0) {
    super(`the API server answered ${status}: ${message}`)
    this.status = status
    this.retryAfterMs = retryAfterMs
  }
}

// Lists of a page are answered within a second; a server that is overloaded may take its time.
const answerWithinMs = 30_000

/**
 * Sends a request and reads the JSON that comes back, as it is: the library's typed calls drop fields that they do
 * not know. Authentication and TLS are the library's.
 *
 * @throws {ApiError} for a status other than 2xx; other errors where there is no answer within 30 s.
 */
export async function requestJson(config: KubeConfig, request: ApiRequest): Promise<JsonObject> {
  const signal = AbortSignal.any([request.signal, AbortSignal.timeout(answerWithinMs)])
  const { response, close } = await send(config, { ...request, signal })
  try {
    const value: unknown = JSON.parse(await response.body.text())
    if (!isObject(value)) throw new Error(`${request.path}: the answer is not a JSON object`)
    return value
  } finally {
    await close()
  }
}

/** An answer that goes on for as long as its connection. */
export interface OpenAnswer {
  readonly chunks: AsyncIterable<Uint8Array>
  /** Ends the connection. */
  readonly close: () => Promise<void>
}

/**
 * Sends a request whose answer does not end.
 *
 * @throws {ApiError} as {@link requestJson}.
 */
export async function openAnswer(config: KubeConfig, request: ApiRequest): Promise<OpenAnswer> {
  const { response, close } = await send(config, request)
  const chunks = response.body.stream()
  if (chunks !== null) return { chunks, close }
  await close()
  throw new Error(`${request.path}: the answer has no body`)
}

interface Sent {
  readonly response: ResponseContext
  readonly close: () => Promise<void>
}

async function send(config: KubeConfig, request: ApiRequest): Promise<Sent> {
  const { method = 'GET', path, query = {}, body, contentType = 'application/json', signal } = request
  const server = config.getCurrentCluster()?.server
  if (server === undefined) throw new Error('the kubeconfig has no current cluster')
  const context = new RequestContext(server.replace(/\/$/, '') + path, methods[method])
  for (const [name, value] of Object.entries(query)) if (value !== undefined) context.setQueryParam(name, value)
  context.setHeaderParam('Accept', 'application/json')
  context.setHeaderParam('User-Agent', 'usher')
  if (body !== undefined) {
    context.setHeaderParam('Content-Type', contentType)
    context.setBody(JSON.stringify(body))
  }
  context.setSignal(signal)
  await config.applySecurityAuthentication(context)
  // One for each request is what the library makes (2.0.1): nobody else would ever close its connections.
  const dispatcher = context.getDispatcher()
  const close = async (): Promise<void> => dispatcher?.destroy()
  try {
    const response = await new IsomorphicFetchHttpLibrary().send(context).toPromise()
    if (response.httpStatusCode < 200 || response.httpStatusCode > 299) throw await errorOf(response)
    return { response, close }
  } catch (error) {
    await close()
    throw error
  }
}

const methods = { GET: HttpMethod.GET, POST: HttpMethod.POST, PATCH: HttpMethod.PATCH } as const

// The message of a Status names what was wrong in a line; a proxy's page of HTML is cut off.
const maxMessageLength = 300

// Longer than that nobody who keeps a watch is to be put off.
const maxRetryAfterMs = 60_000

async function errorOf(response: ResponseContext): Promise<ApiError> {
  const text = await response.body.text()
  const seconds = Number(response.headers['retry-after'] ?? 0)
  const retryAfterMs = seconds > 0 ? Math.min(seconds * 1_000, maxRetryAfterMs) : 0
  return new ApiError(response.httpStatusCode, messageOf(text).slice(0, maxMessageLength), retryAfterMs)
}

function messageOf(text: string): string {
  try {
    const status: unknown = JSON.parse(text)
    if (isObject(status) && typeof status['message'] === 'string') return status['message']
  } catch {
    // Not the API server's own words.
  }
  return text
}
