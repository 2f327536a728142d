import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { sendProblem } from '../http/problem.ts'
import { isObject } from '../units/json.ts'
import { type AcquireOptions, answerAsk } from './acquire.ts'
import { keyOf } from './queue/queue.ts'
import type { GatedPod } from './depends-on/gated-pod.ts'
import type { Lease, Place } from './queue/state.ts'
import { type AskFault, type AskWords, isUid, peerOf, readWords } from './request.ts'
import { askAnswers, jsonAnswer, leaseRequest, leaseView, problemAnswer } from './schemas.ts'
import type { LockService } from './service.ts'

/** `/v1/leases`: the lock for programs. A uid is a bearer value: whoever knows it may look at what belongs to it. */
export function addLeaseRoutes(app: FastifyInstance, options: AcquireOptions): void {
  const { service, gate } = options
  const byUid = { type: 'object', properties: { uid: { type: 'string', description: "the pod's uid" } }, required: ['uid'] }
  const documented = { tags: ['leases'] }

  app.post('/v1/leases', {
    schema: {
      ...documented,
      summary: 'Ask for the lock, as GET / does',
      consumes: ['application/json'],
      body: leaseRequest,
      response: askAnswers,
    },
    handler(request, reply) {
      const words = readBody(request.body)
      answerAsk(options, 'fault' in words ? words : readWords(words), request, reply)
    },
  })

  app.get<{ Params: { uid: string } }>('/v1/leases/:uid', {
    schema: { ...documented, summary: 'Look at a lease or a place in the queue', params: byUid, response: { 200: jsonAnswer('What the pod has', leaseView), 404: noSuchLease } },
    handler: ({ params }, reply) => {
      const gated = gate?.find(params.uid)
      if (gated !== undefined) return viewGated(service, gated)
      const found = find(service, params.uid)
      return found === undefined ? sendProblem(reply, 'no-such-lease', nothing) : view(service, found)
    },
  })

  app.delete<{ Params: { uid: string }; Querystring: { pod?: unknown } }>('/v1/leases/:uid', {
    schema: {
      ...documented,
      summary: 'Give back a lease or a place in the queue',
      params: byUid,
      querystring: { type: 'object', properties: { pod: { type: 'string', description: 'NAMESPACE/NAME' } } },
      response: { 204: { type: 'null', description: 'Given back' }, 403: problemAnswer('It is another pod’s'), 404: noSuchLease },
    },
    handler: (request, reply) => giveBack(options, request, reply),
  })
}

const noSuchLease = problemAnswer('The pod has nothing')
const nothing = 'nothing is held, and nobody waits, under this uid'

/** Only a pod itself ends what it has: its name must not be another's, and it asks from where it asked before. */
function giveBack(
  { service, gate }: AcquireOptions,
  request: FastifyRequest<{ Params: { uid: string }; Querystring: { pod?: unknown } }>,
  reply: FastifyReply,
): FastifyReply {
  const { pod } = request.query
  const { uid } = request.params
  const gated = gate?.find(uid)
  const found = gated === undefined ? find(service, uid) : { pod: `${gated.namespace}/${gated.name}`, peer: gated.peer, key: undefined }
  if (found === undefined) return sendProblem(reply, 'no-such-lease', nothing)
  if (typeof pod === 'string' && found.pod !== undefined && pod !== found.pod) {
    return sendProblem(reply, 'not-your-lease', 'the pod that is named does not have this uid')
  }
  if (found.peer !== peerOf(request.raw)) return sendProblem(reply, 'not-your-lease', 'it was asked for from another address')
  if (found.key === undefined) gate?.giveBack(uid)
  else service.giveBack(found.key)
  return reply.code(204).send()
}

function find({ queue }: LockService, uid: string): Lease | Place | undefined {
  return isUid(uid) ? (queue.lease(keyOf(uid)) ?? queue.place(keyOf(uid))) : undefined
}

function view(service: LockService, found: Lease | Place): object {
  const now = service.now()
  const pod = found.pod ?? null
  if (!('grantedAt' in found)) {
    return { state: 'waiting', pod, position: service.queue.ahead(found) + 1, waitedSeconds: (now - found.arrivedAt) / 1_000 }
  }
  const { grant, arrivedAt, grantedAt, endsAt } = found
  return {
    state: 'holding',
    pod,
    grant,
    waitedSeconds: (grantedAt - arrivedAt) / 1_000,
    heldSeconds: (now - grantedAt) / 1_000,
    leftSeconds: Math.max(0, endsAt - now) / 1_000,
  }
}

function viewGated(service: LockService, { namespace, name, since }: GatedPod): object {
  return { state: 'gated', pod: `${namespace}/${name}`, waitedSeconds: (service.now() - since) / 1_000 }
}

function readBody(body: unknown): AskWords | AskFault {
  const content = Buffer.isBuffer(body) ? parse(body.toString()) : undefined
  if (!isObject(content)) return { fault: 'the body must be a JSON object' }
  const { uid, pod, weight, duration, maxWait } = content
  if (typeof uid !== 'string' || uid === '') return { fault: 'uid: must be there, and a string' }
  if (pod !== undefined && typeof pod !== 'string') return { fault: 'pod: must be a string' }
  for (const [name, value] of Object.entries({ weight, duration, maxWait })) {
    if (value !== undefined && !Number.isSafeInteger(value)) return { fault: `${name}: must be a whole number` }
  }
  return { uid, pod, weight: textOf(weight), duration: textOf(duration), 'max-wait': textOf(maxWait) }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'number' ? String(value) : undefined
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
