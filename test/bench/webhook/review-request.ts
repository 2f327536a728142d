import { readFileSync } from 'node:fs'

/** A request as it goes over the wire, and where in it the review's uid ends. */
export interface ReviewRequest {
  readonly bytes: Buffer
  /** The uid without its last {@link countDigits} characters, which count the reviews of a connection. */
  readonly uidStart: string
  readonly countAt: number
}

/** The last group of a uid has twelve digits. */
export const countDigits = 12

const sample = new URL('../../samples/deployment-large.json', import.meta.url)
// What the API server sends of this pod; another sample would be another benchmark.
const leastBytes = 9_700
const mostBytes = 9_900

/** Makes the request as the API server's client does, of a large pod, without the blanks of the sample. */
export function buildReviewRequest(port: number): ReviewRequest {
  const review: { request: { uid: string } } = JSON.parse(readFileSync(sample, 'utf8'))
  const body = JSON.stringify(review)
  const length = Buffer.byteLength(body)
  if (length < leastBytes || length > mostBytes) throw new Error(`the review has ${length} bytes, not about 9,800`)
  const { uid } = review.request
  if (body.split(uid).length !== 2) throw new Error('the uid of the review does not stand in it once')
  const head = [
    'POST /mutate?timeout=2s HTTP/1.1',
    `Host: localhost:${port}`,
    'User-Agent: kube-apiserver-admission',
    `Content-Length: ${length}`,
    'Accept: application/json, */*',
    'Content-Type: application/json',
    'Accept-Encoding: gzip',
  ].join('\r\n')
  const bytes = Buffer.from(`${head}\r\n\r\n${body}`)
  const uidEnd = bytes.indexOf(uid) + uid.length
  return { bytes, uidStart: uid.slice(0, -countDigits), countAt: uidEnd - countDigits }
}
