import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import { type ProblemCode, problemTable, sendProblem } from '../http/problem.ts'
import { refuseRaw } from '../http/refuse-raw.ts'
import { controllerOf } from '../units/controller.ts'
import { isObject } from '../units/json.ts'
import { type Answer, answerReview, type ContextOf, type Decide, listCodes } from './answer.ts'
import type { WebhookMetrics } from './metrics.ts'
import { readReview, type Refusal, type Review } from './review.ts'
import { tlsPolicy } from './tls-policy.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** When the body of a review had arrived, by `performance.now()`. */
    arrivedMs: number
  }
}

/** What the webhook is made of. */
export interface WebhookOptions {
  /** Absent: plain HTTP, for tests. */
  readonly tls?: TlsOptions
  readonly contextOf: ContextOf
  readonly metrics: WebhookMetrics
  readonly log: Logger
  /** The decision; another one only in tests. */
  readonly decide?: Decide
}

/** A certificate and its key, PEM, and how the webhook learns of their successors. */
export interface TlsOptions {
  /** Absent: there is none yet, and every handshake fails until there is. */
  readonly cert?: string
  readonly key?: string
  /** Takes what is to be told of a new pair; connections that are open keep what they agreed on. */
  readonly onChange?: (listener: (pair: { readonly cert: string; readonly key: string }) => void) => void
}

/** The path at which reviews are answered. */
export const mutatePath = '/mutate'
/** The path of reviews of namespaces in audit mode: the API server knows of a new one before our watch does. */
export const auditPath = '/audit'

// etcd takes objects of up to 1.5 MiB; the API server itself reads bodies of up to 3 MiB. With room to spare.
export const maxBodyBytes = 7 * 1024 * 1024

// The API server's client keeps idle connections for 90 s; ours must not be the side that closes first.
const keepAliveTimeoutMs = 120_000
// A review is small, and its client waits for two or three seconds.
const requestTimeoutMs = 10_000

/**
 * Builds the webhook's server: `POST /mutate` takes an AdmissionReview and answers it, and `POST /audit` does so
 * without a patch. Does not listen yet.
 * Whatever is wrong with a pod, or with us, the pod is allowed.
 */
export function buildWebhook(options: WebhookOptions): FastifyInstance {
  const { metrics, log } = options
  const app: FastifyInstance = fastify({
    // Ours, so that Fastify does not make further ones for a host name's other addresses: one server, one certificate.
    serverFactory: (handler) => buildServer(options.tls, handler),
    bodyLimit: maxBodyBytes,
    // A request on a kept-alive connection is answered while the server closes, and the connection then ends.
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    exposeHeadRoutes: false,
    clientErrorHandler: refuseRaw,
    frameworkErrors(_error, _request, reply) {
      refuse(reply, 'not-found', notFound)
    },
  })
  app.decorateRequest('arrivedMs', 0)

  let closing = false
  app.addHook('preClose', (done) => {
    closing = true
    done()
  })

  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body, done) => {
    request.arrivedMs = performance.now()
    done(null, body)
  })
  app.addHook('onRequest', (request, reply, next) => {
    const refusal = refuseEarly(request.raw)
    if (refusal === undefined) return next()
    if (refusal.code === 'method-not-allowed') reply.header('allow', 'POST')
    refuse(reply, refusal.code, refusal.detail)
  })
  app.setNotFoundHandler((_request, reply) => refuse(reply, 'not-found', notFound))
  app.setErrorHandler((error, _request, reply) => {
    const code = codeOfError(error)
    if (code === 'internal-error') log.error({ err: error }, 'request failed')
    return refuse(reply, code, code === 'internal-error' ? 'the log has the cause' : messageOf(error))
  })

  function refuse(reply: FastifyReply, code: ProblemCode, detail: string): FastifyReply {
    const { status } = problemTable[code]
    metrics.refused(status)
    log.warn({ status, problem: code, detail }, 'refused')
    // What is left of the body is not read.
    return sendProblem(reply.header('connection', 'close'), code, detail)
  }

  app.post(mutatePath, (request, reply) => respond(request, reply, options.contextOf))
  app.post(auditPath, (request, reply) => respond(request, reply, (namespace) => ({ ...options.contextOf(namespace), audit: true })))

  function respond(request: FastifyRequest, reply: FastifyReply, contextOf: ContextOf): FastifyReply {
    const { body } = request
    const review = readReview(Buffer.isBuffer(body) ? body : Buffer.alloc(0))
    if ('code' in review) return refuse(reply, review.code, review.detail)
    const subject = subjectOf(review)
    const answer = answerReview(review, contextOf, options.decide)
    const ms = performance.now() - request.arrivedMs
    metrics.decided(answer.reasons)
    metrics.answered(ms / 1_000)
    report(review, subject, answer, ms)
    if (closing) reply.header('connection', 'close')
    return reply.header('content-type', 'application/json').send(answer.body)
  }

  /** One line a review; never a whole pod, never a value of its environment. */
  function report(review: Review, subject: Subject, answer: Answer, ms: number): void {
    const line = {
      uid: review.uid.slice(0, maxNameLength),
      namespace: review.namespace.slice(0, maxNameLength),
      ...subject,
      reasons: listCodes(answer.reasons),
      patched: answer.patched,
      ms: Math.round(ms * 1_000) / 1_000,
    }
    if (answer.error === undefined) {
      log.info(line, 'review')
      return
    }
    const [reason] = answer.reasons
    metrics.failed(reason?.code === 'patch-failed' ? 'patch-failed' : 'internal-error')
    log.error({ ...line, err: answer.error }, 'review failed; the pod passes unchanged')
  }

  return app
}

const notFound = `reviews are answered at POST ${mutatePath} and POST ${auditPath}`

function buildServer(tls: TlsOptions | undefined, handler: RequestListener): Server {
  const timeouts = { keepAliveTimeout: keepAliveTimeoutMs, requestTimeout: requestTimeoutMs }
  if (tls === undefined) return prepare(createServer(timeouts, handler))
  const { onChange, ...first } = tls
  const server = createSecureServer({ ...first, ...tlsPolicy, ...timeouts }, handler)
  onChange?.((pair) => server.setSecureContext({ ...pair, ...tlsPolicy }))
  return prepare(server)
}

function prepare<T extends Server>(server: T): T {
  // A client that asks first is told before it sends a body that would be refused.
  server.on('checkContinue', (request: IncomingMessage, response: ServerResponse) => {
    if (refuseEarly(request) === undefined) response.writeContinue()
    server.emit('request', request, response)
  })
  return server
}

/** What can be told to be wrong before the body is read. */
function refuseEarly(request: IncomingMessage): Refusal | undefined {
  const { method, url, headers } = request
  // The API server appends ?timeout=2s.
  const path = url?.split('?', 1)[0]
  if (path !== mutatePath && path !== auditPath) return { code: 'not-found', detail: notFound }
  if (method !== 'POST') return { code: 'method-not-allowed', detail: 'use POST' }
  const mediaType = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
  if (mediaType !== 'application/json') {
    return { code: 'unsupported-media-type', detail: 'the content type must be application/json' }
  }
  const declared = Number(headers['content-length'] ?? 0)
  if (declared > maxBodyBytes) return { code: 'payload-too-large', detail: tooLarge }
  return undefined
}

const tooLarge = `the body must not be longer than ${maxBodyBytes} bytes`

function codeOfError(error: unknown): ProblemCode {
  if (!(error instanceof Error) || !('statusCode' in error)) return 'internal-error'
  switch (error.statusCode) {
    case 413:
      return 'payload-too-large'
    case 415:
      return 'unsupported-media-type'
    case 400:
      return 'bad-request'
    default:
      return 'internal-error'
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : 'the request cannot be read'
}

/** Whose pod it is, for the log. */
interface Subject {
  readonly pod?: string
  readonly owner?: string
}

// Names in Kubernetes are at most 253 characters long.
const maxNameLength = 300

function subjectOf({ object }: Review): Subject {
  const metadata = isObject(object) ? object['metadata'] : undefined
  if (!isObject(metadata)) return {}
  const { name, generateName } = metadata
  const shown = typeof name === 'string' && name !== '' ? name : generateName
  const { kind, name: ownerName } = controllerOf({ metadata }) ?? {}
  return {
    ...(typeof shown === 'string' ? { pod: shown.slice(0, maxNameLength) } : {}),
    ...(typeof kind === 'string' && typeof ownerName === 'string'
      ? { owner: `${kind}/${ownerName}`.slice(0, maxNameLength) }
      : {}),
  }
}
