import type { FastifyReply } from 'fastify'

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
  'internal-error': { status: 500, title: 'The server failed' },
} as const

/** A code of {@link problemTable}. */
export type ProblemCode = keyof typeof problemTable

// Relative to our documentation, so that a reader finds the section.
const base = 'https://usher.dev/docs/errors#'

/** A problem document, as a string of JSON. */
export function problemDocument(code: ProblemCode, detail: string): string {
  const { status, title } = problemTable[code]
  return JSON.stringify({ type: `${base}${code}`, title, status, detail })
}

/** Answers with a problem document. */
export function sendProblem(reply: FastifyReply, code: ProblemCode, detail: string): FastifyReply {
  return reply
    .code(problemTable[code].status)
    .header('content-type', 'application/problem+json')
    .send(problemDocument(code, detail))
}
