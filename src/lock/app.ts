import { createServer, type IncomingMessage, METHODS, type RequestListener, type Server } from 'node:http'
import swagger from '@fastify/swagger'
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { boundAnswers, type ConnectionLimits, limitConnections } from '../http/limit-connections.ts'
import { type ProblemCode, sendProblem } from '../http/problem.ts'
import { refuseRaw } from '../http/refuse-raw.ts'
import { acquireHandler, type AcquireOptions, answerConnect, formType, isForm } from './acquire.ts'
import type { Askers } from './askers.ts'
import type { DependencyGate } from './depends-on/dependency-gate.ts'
import { sendEvents } from './events-route.ts'
import { addLeaseRoutes } from './leases.ts'
import type { LockMetrics } from './metrics.ts'
import { addPage } from './page/routes.ts'
import type { QueueSettings } from './queue/settings.ts'
import type { Readers } from './readers.ts'
import { peerOf } from './request.ts'
import { askAnswers, askHeaders, askQuery, jsonAnswer, problemAnswer, state, textAnswer } from './schemas.ts'
import type { LockService } from './service.ts'
import { viewState } from './state-view.ts'

/** What the lock's server is made of. */
export interface LockOptions {
  readonly service: LockService
  readonly askers: Askers
  /** What holds pods until what they depend on is healthy; undefined: nothing does. */
  readonly gate?: DependencyGate | undefined
  readonly metrics: LockMetrics
  readonly registry: Registry
  readonly readers: Readers
  readonly log: Logger
  readonly version: string
}

// The longest request of usher-wait has 6.7 KB, most of it a token.
const maxHeaderBytes = 16_384
const maxUrlLength = 4_096
// A form with a duration, or a small JSON object.
const maxBodyBytes = 4_096
// A request is small: whoever takes longer to send it keeps others out.
const headersTimeoutMs = 5_000
const requestTimeoutMs = 10_000
const lookForSlowMs = 1_000
// Longer than the pauses of those who poll.
const keepAliveTimeoutMs = 65_000

/** More connections than may wait, so that those beyond get an answer instead of silence. */
function connectionLimits({ maxWaiting, maxWaitingPerPeer }: QueueSettings): ConnectionLimits {
  return { total: Math.max(4_096, 2 * maxWaiting), perPeer: Math.max(512, 2 * maxWaitingPerPeer) }
}

/**
 * Builds the lock's server. Its own routes are under `/v1/`, and `/status`, `/favicon.ico`, `/metrics`, `/healthz`,
 * `/readyz`; every other path and method asks for the lock, so that the older clients work as they are. Does not
 * listen yet.
 */
export function buildLock(options: LockOptions): FastifyInstance {
  const { service, askers, gate, registry, readers, log } = options
  let closing = false
  const acquiring: AcquireOptions = { service, askers, gate, metrics: options.metrics, isClosing: () => closing }
  const app: FastifyInstance = fastify({
    serverFactory: (handler) => buildServer(handler, acquiring),
    bodyLimit: maxBodyBytes,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 512 },
    clientErrorHandler(error, socket) {
      if (socket.writable) options.metrics.rejected('bad-request')
      refuseRaw(error, socket)
    },
    frameworkErrors(error, _request, reply) {
      refuse(reply, 'bad-request', error.message)
    },
  })
  app.addHook('preClose', (done) => {
    closing = true
    askers.close()
    gate?.close()
    service.close()
    done()
  })
  // Bodies are read by hand, and answers are made of our own types: compilers cost memory that every node would pay.
  app.setValidatorCompiler(() => () => true)
  app.setSerializerCompiler(() => (value) => JSON.stringify(value))
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  for (const method of METHODS) if (method !== 'CONNECT') app.addHttpMethod(method, { hasBody: true, overrideExisting: true })

  app.addHook('onRequest', (request, reply, next) => {
    if ((request.raw.url?.length ?? 0) > maxUrlLength) {
      refuse(reply.header('connection', 'close'), 'uri-too-long', `path and query must not be longer than ${maxUrlLength} characters`)
      return
    }
    takeAnyType(request.raw)
    next()
  })
  app.setErrorHandler((error, _request, reply) => {
    const status = error instanceof Error && 'statusCode' in error ? error.statusCode : undefined
    if (status === 413) return refuse(reply.header('connection', 'close'), 'payload-too-large', `a body must not be longer than ${maxBodyBytes} bytes`)
    if (status === 400) return refuse(reply, 'bad-request', error instanceof Error ? error.message : 'it cannot be read')
    log.error({ err: error }, 'request failed')
    return sendProblem(reply, 'internal-error', 'the log has the cause')
  })

  /** Whoever is turned away before it is its turn is counted. */
  function refuse(reply: FastifyReply, code: ProblemCode, detail: string): FastifyReply {
    options.metrics.rejected(code)
    return sendProblem(reply, code, detail)
  }

  const acquire = acquireHandler(acquiring)
  app.setNotFoundHandler(acquire)
  app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: { title: 'usher lock', description: 'The startup lock of a node', version: options.version },
    },
  })
  app.register(async (routes) => {
    routes.get('/', {
      schema: {
        summary: 'Ask for the lock; every path and method that is not named here does the same',
        tags: ['lock'],
        querystring: askQuery,
        headers: askHeaders,
        response: askAnswers,
      },
      exposeHeadRoute: false,
      handler: acquire,
    })
    addLeaseRoutes(routes, acquiring)
    addProbes(routes, registry)
    const onRequest = onlyFor(readers, refuse)
    routes.get('/v1/state', {
      onRequest,
      schema: { summary: 'Who starts, who waits, and why', tags: ['readers'], response: { 200: jsonAnswer('The state', state), 403: notAReader } },
      handler: (_request, reply) => reply.header('cache-control', 'no-store').send(viewState(service, Date.now(), gate)),
    })
    routes.get('/v1/events', {
      onRequest,
      exposeHeadRoute: false,
      schema: {
        summary: 'What happens, as server-sent events',
        tags: ['readers'],
        response: { 200: textAnswer('Events', 'text/event-stream'), 403: notAReader, 503: problemAnswer('Too many follow already') },
      },
      handler: (request, reply) => sendEvents(service, request, reply),
    })
    routes.get('/v1/openapi.json', { schema: { hide: true } }, () => app.swagger())
    addPage(routes, () => viewState(service, Date.now(), gate), onRequest)
  })
  return app
}

function buildServer(handler: RequestListener, acquiring: AcquireOptions): Server {
  const server = createServer(
    {
      maxHeaderSize: maxHeaderBytes,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: lookForSlowMs,
      keepAliveTimeout: keepAliveTimeoutMs,
    },
    boundAnswers(handler),
  )
  limitConnections(server, connectionLimits(acquiring.service.settings))
  server.on('connect', (request, socket) => answerConnect(acquiring, request, socket))
  return server
}

/** The older services look at no content type, while Fastify refuses what it cannot read, and a QUERY without one. */
function takeAnyType({ method, headers }: IncomingMessage): void {
  const type = headers['content-type']
  if (type !== undefined || method === 'QUERY') headers['content-type'] = isForm(type) ? formType : 'application/octet-stream'
}

const notAReader = problemAnswer('The address may not read that')

function addProbes(app: FastifyInstance, registry: Registry): void {
  app.get('/healthz', probe('Whether it lives'), (_request, reply) => reply.type('text/plain').send('ok\n'))
  app.get('/readyz', probe('Whether it answers'), (_request, reply) => reply.type('text/plain').send('ok\n'))
  app.get('/metrics', probe('Metrics for Prometheus'), async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  )
}

function probe(summary: string) {
  return { schema: { summary, tags: ['probes'], response: { 200: textAnswer(summary) } } }
}

/** Lets nobody else read. */
function onlyFor(readers: Readers, refuse: (reply: FastifyReply, code: ProblemCode, detail: string) => FastifyReply) {
  return function refuseOthers(request: FastifyRequest, reply: FastifyReply, next: () => void): void {
    const address = peerOf(request.raw)
    if (readers.has(address)) next()
    else refuse(reply, 'not-a-reader', `${address} is not among the readers (--readers)`)
  }
}
