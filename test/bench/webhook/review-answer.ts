/** An answer as it came, cut into what is looked at. */
export interface HttpAnswer {
  readonly status: string
  readonly body: Buffer
}

const headEnd = Buffer.from('\r\n\r\n')

/**
 * Finds the one answer in what has been received so far.
 *
 * @returns undefined while something is missing.
 * @throws where more than the answer has come, or its length is not declared.
 */
export function cutAnswer(received: Buffer): HttpAnswer | undefined {
  const end = received.indexOf(headEnd)
  if (end === -1) return undefined
  const head = received.toString('latin1', 0, end)
  const length = /\r\ncontent-length: *(\d+)/i.exec(head)?.[1]
  if (length === undefined) throw new Error(`an answer without a content-length: ${head}`)
  const start = end + headEnd.length
  const missing = start + Number(length) - received.length
  if (missing > 0) return undefined
  if (missing < 0) throw new Error('more has come than one answer')
  return { status: head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length), body: received.subarray(start) }
}

interface Operation {
  readonly op: string
  readonly path: string
}

/**
 * Checks an answer in full: it allows the review of this uid, and brings a patch.
 *
 * @throws what is wrong with it.
 */
export function checkAnswer({ status, body }: HttpAnswer, uid: string): void {
  const text = body.toString()
  if (status !== '200') throw new Error(`answered with ${status}: ${text}`)
  const review: { kind?: string; apiVersion?: string; response?: Record<string, unknown> } = JSON.parse(text)
  if (review.kind !== 'AdmissionReview' || review.apiVersion !== 'admission.k8s.io/v1') {
    throw new Error(`not an AdmissionReview v1: ${text}`)
  }
  const { response = {} } = review
  if (response['uid'] !== uid || response['allowed'] !== true) throw new Error(`${uid} is not allowed: ${text}`)
  const { patchType, patch } = response
  if (patchType !== 'JSONPatch' || typeof patch !== 'string') throw new Error(`there is no patch: ${text}`)
  const operations: readonly Operation[] = JSON.parse(Buffer.from(patch, 'base64').toString())
  if (!Array.isArray(operations) || operations.length === 0) throw new Error('the patch is empty')
  if (operations.some(({ op, path }) => op === undefined || path === undefined)) throw new Error('not a JSON Patch')
}
