import { type IncomingMessage, type ServerResponse, STATUS_CODES } from 'node:http'
import type { Duplex } from 'node:stream'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { type ProblemCode, problemDocument, problemTable, sendProblem } from '../http/problem.ts'
import type { LockMetrics } from './metrics.ts'
import type { Askers, AskersAnswer } from './askers.ts'
import type { DependencyGate } from './depends-on/dependency-gate.ts'
import type { GatedPod } from './depends-on/gated-pod.ts'
import { viewDependencies } from './depends-on/gate-view.ts'
import { type Ask, type AskFault, peerOf, readAsk, readPreferredWait } from './request.ts'
import type { Held, LockService } from './service.ts'
import { standingOf } from './standing.ts'

/** What the answers of the lock are made of. */
export interface AcquireOptions {
  readonly service: LockService
  readonly askers: Askers
  /** What holds pods until what they depend on is healthy; undefined: nothing does. */
  readonly gate?: Pick<DependencyGate, 'find' | 'giveBack'> | undefined
  readonly metrics: LockMetrics
  /** Whether the server is about to end: connections are not kept then. */
  readonly isClosing: () => boolean
}

// The older service's answers, to the byte.
const grantedText = 'Lock acquired'
const lockedText = 'Locked'
const plain = 'text/plain; charset=utf-8'
const problemType = 'application/problem+json'

// Where so many wait, one more second or two do not matter.
const retryWhenFullSeconds = '2'
const fullDetail = 'ask again in a moment'
const refusals = {
  'unknown-pod': 'only pods of this node that name their uid are served here',
  'not-your-address': 'this address is that of another pod than the uid',
} as const

/** Makes the handler for whoever asks for the lock: any method and path that is not another route's. */
export function acquireHandler(options: AcquireOptions) {
  return function acquire(request: FastifyRequest, reply: FastifyReply): void {
    answerAsk(options, readAsk(request.raw, formOf(request)), request, reply)
  }
}

/** Asks the service, and answers now or when it has decided; what cannot be understood is refused. */
export function answerAsk(options: AcquireOptions, ask: Ask | AskFault, request: FastifyRequest, reply: FastifyReply): void {
  const { askers, metrics } = options
  if ('fault' in ask) {
    countFault(metrics)
    sendProblem(reply, 'bad-request', ask.fault)
    return
  }
  const wait = readPreferredWait(request.headers['prefer'])
  let held: Held | undefined
  const answer = (given: AskersAnswer): void => send(options, given, ask, wait, request, reply)
  held = askers.ask(ask, peerOf(request.raw), (wait ?? 0) * 1_000, answer, bearerOf(request.raw))
  if (held !== undefined) reply.raw.once('close', () => held?.cancel())
}

function send(options: AcquireOptions, answer: AskersAnswer, ask: Ask, wait: number | undefined, request: FastifyRequest, reply: FastifyReply): void {
  const { service, metrics } = options
  if (options.isClosing()) reply.header('connection', 'close')
  if (wait !== undefined) reply.header('preference-applied', `wait=${wait}`)
  switch (answer.kind) {
    case 'granted':
      metrics.answered(200)
      watchDelivery(service, answer.lease.key, reply.raw)
      reply.header('content-type', plain).send(grantedText)
      return
    case 'passed':
      metrics.answered(200)
      reply.header('content-type', plain).send(grantedText)
      return
    case 'failed':
      metrics.answered(424)
      reply.code(problemTable['dependency-failed'].status).header('content-type', problemType).send(failedDocument(service, answer.pod))
      return
    case 'rejected':
      metrics.answered(503)
      sendProblem(reply.header('retry-after', retryWhenFullSeconds), answer.reason, fullDetail)
      return
    case 'refused':
      metrics.answered(403)
      metrics.rejected(answer.reason)
      sendProblem(reply, answer.reason, refusals[answer.reason])
      return
    case 'gated':
    case 'locked': {
      metrics.answered(423)
      // Whoever knows how to be held may come back at once for it; others poll, and so do two who are one pod.
      const retryAfter = wait === undefined || answer.superseded ? '1' : '0'
      reply.code(problemTable.locked.status).header('retry-after', retryAfter)
      if (request.headers.accept?.includes(problemType) !== true) reply.header('content-type', plain).send(lockedText)
      else {
        const { detail, ...members } = answer.kind === 'gated' ? gatedStanding(service, answer.pod) : standingOf(service, answer.key, service.nameOf(ask))
        reply.header('content-type', problemType).send(problemDocument('locked', detail, members))
      }
    }
  }
}

/** Where somebody stands who waits for what it depends on: behind all who wait for the lock. */
function gatedStanding(service: LockService, { detail, states }: GatedPod) {
  const ahead = service.queue.waitingCount
  const dependencies = viewDependencies(states, service.now())
  return { detail, position: ahead + 1, ahead, reason: 'dependencies', holders: [], gates: [], dependencies }
}

function failedDocument(service: LockService, { detail, states }: GatedPod): string {
  return problemDocument('dependency-failed', detail, { dependencies: viewDependencies(states, service.now()) })
}

function countFault(metrics: LockMetrics): void {
  metrics.answered(400)
  metrics.rejected('bad-request')
}

/** Tells the service whether the answer has left. */
function watchDelivery(service: LockService, key: string, response: ServerResponse): void {
  let hasLeft = false
  response.once('finish', () => {
    hasLeft = true
    service.delivered(key)
  })
  response.once('close', () => {
    if (!hasLeft) service.lost(key)
  })
  if (response.destroyed) service.lost(key)
}

/** The fork's client puts its wish into the body, as a form. */
function formOf({ body, headers }: FastifyRequest): string | undefined {
  return isForm(headers['content-type']) && Buffer.isBuffer(body) ? body.toString() : undefined
}

/** The type of a form. */
export const formType = 'application/x-www-form-urlencoded'

/** Whether this is the type of a form, with parameters or without. */
export function isForm(type: string | undefined): boolean {
  return type?.toLowerCase().startsWith(formType) === true
}

/** Answers a CONNECT, which never becomes a request for Fastify, as any other method. */
export function answerConnect({ service, askers, metrics }: AcquireOptions, request: IncomingMessage, socket: Duplex): void {
  // Node has let go of it: nobody else hears that the client has broken off, and that would end the process.
  socket.on('error', () => socket.destroy())
  const ask = readAsk(request, undefined)
  if ('fault' in ask) {
    countFault(metrics)
    endWith(socket, 'bad-request', problemDocument('bad-request', ask.fault))
    return
  }
  const held = askers.ask(ask, peerOf(request), 0, (answer) => {
    switch (answer.kind) {
      case 'granted':
        metrics.answered(200)
        service.delivered(answer.lease.key)
        endWith(socket, undefined, grantedText)
        return
      case 'passed':
        metrics.answered(200)
        endWith(socket, undefined, grantedText)
        return
      case 'failed':
        metrics.answered(424)
        endWith(socket, 'dependency-failed', failedDocument(service, answer.pod))
        return
      case 'rejected':
        metrics.answered(503)
        endWith(socket, answer.reason, problemDocument(answer.reason, fullDetail))
        return
      case 'refused':
        metrics.answered(403)
        metrics.rejected(answer.reason)
        endWith(socket, answer.reason, problemDocument(answer.reason, refusals[answer.reason]))
        return
      case 'gated':
      case 'locked':
        metrics.answered(423)
        endWith(socket, 'locked', lockedText)
    }
  }, bearerOf(request))
  if (held !== undefined) socket.once('close', () => held.cancel())
}

/** The token of a request (RFC 6750); undefined: there is none. */
function bearerOf({ headers }: IncomingMessage): string | undefined {
  return /^bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
}

/** Ends the connection with the answer: nothing else would, since Node keeps no time for it any more. */
function endWith(socket: Duplex, code: ProblemCode | undefined, body: string): void {
  const status = code === undefined ? 200 : problemTable[code].status
  const type = code === undefined || code === 'locked' ? plain : problemType
  const head = `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\nconnection: close`
  socket.end(`${head}\r\n\r\n${body}`, () => socket.destroy())
}
