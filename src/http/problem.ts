import type { FastifyReply } from 'fastify'
import { problemBase } from '../units/problem-base.ts'

/** Every error that our servers answer with: status and title (RFC 9457). */
export const problemTable = {
  'not-found': { status: 404, title: 'There is nothing at this path' },
  'method-not-allowed': { status: 405, title: 'The method is not allowed here' },
  'unsupported-media-type': { status: 415, title: 'The content type is not supported' },
  'payload-too-large': { status: 413, title: 'The body is too large' },
  'bad-request': { status: 400, title: 'The request cannot be read' },
  'not-json': { status: 400, title: 'The body is not JSON' },
  'not-an-admission-review': { status: 400, title: 'The body is not an AdmissionReview' },
  'unsupported-version': { status: 400, title: 'The version of the AdmissionReview is not supported' },
  'no-request': { status: 400, title: 'The AdmissionReview has no request' },
  'uri-too-long': { status: 414, title: 'The path and query are too long' },
  'headers-too-large': { status: 431, title: 'The headers are too large' },
  'request-timeout': { status: 408, title: 'The request did not arrive in time' },
  locked: { status: 423, title: 'Locked' },
  'dependency-failed': { status: 424, title: 'What the pod depends on was not healthy in time' },
  'too-many-waiting': { status: 503, title: 'Too many wait already' },
  'too-many-waiting-from-peer': { status: 503, title: 'Too many of this address wait already' },
  'too-many-readers': { status: 503, title: 'Too many follow the events already' },
  'not-a-reader': { status: 403, title: 'This address may not read that' },
  'no-such-lease': { status: 404, title: 'There is no such lease' },
  'not-your-lease': { status: 403, title: 'The lease is another pod\'s' },
  'unknown-pod': { status: 403, title: 'No pod of this node has this uid' },
  'not-your-address': { status: 403, title: 'The address is another pod\'s' },
  'internal-error': { status: 500, title: 'The server failed' },
} as const

/** A code of {@link problemTable}. */
export type ProblemCode = keyof typeof problemTable

/** A problem document, as a string of JSON; `members` are those of the problem's own. */
export function problemDocument(code: ProblemCode, detail: string, members?: object): string {
  const { status, title } = problemTable[code]
  return JSON.stringify({ type: `${problemBase}${code}`, title, status, detail, ...members })
}

/** Answers with a problem document. */
export function sendProblem(reply: FastifyReply, code: ProblemCode, detail: string): FastifyReply {
  return reply
    .code(problemTable[code].status)
    .header('content-type', 'application/problem+json')
    .send(problemDocument(code, detail))
}
