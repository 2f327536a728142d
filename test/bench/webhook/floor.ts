import { readFileSync } from 'node:fs'
import { createServer } from 'node:https'
import { join } from 'node:path'
import { parseArgs } from 'node:util'

// The floor: the least that any admission webhook on Node must do. It reads the body, parses it, and answers the
// review's uid with a patch that never changes. No checks, no log, no metrics. Told to end by SIGTERM.
//
//   node floor.ts --certs FOLDER --answer-bytes N
//   node floor.ts --certs FOLDER --patch PATCH     # a patch of somebody else's, in base64

const { values } = parseArgs({
  options: {
    certs: { type: 'string', default: '' },
    'answer-bytes': { type: 'string', default: '3000' },
    patch: { type: 'string' },
  },
})

const patch = values.patch ?? patchFor(Number(values['answer-bytes']))
const server = createServer(
  {
    cert: readFileSync(join(values.certs, 'tls.crt')),
    key: readFileSync(join(values.certs, 'tls.key')),
    minVersion: 'TLSv1.2',
    keepAliveTimeout: 120_000,
    requestTimeout: 10_000,
  },
  (request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const review: { request: { uid: string } } = JSON.parse(Buffer.concat(chunks).toString())
      const body = answer(review.request.uid)
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) })
      response.end(body)
    })
  },
)
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  const port = typeof address === 'object' && address !== null ? address.port : 0
  process.stdout.write(`${JSON.stringify({ msg: 'listening', port })}\n`)
})

function answer(uid: string, ofPatch: string = patch): string {
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: { uid, allowed: true, patchType: 'JSONPatch', patch: ofPatch },
  })
}

/** A patch, encoded, that makes an answer of about so many bytes. */
function patchFor(answerBytes: number): string {
  const uid = '00000000-0000-0000-0000-000000000000'
  const bytes = Math.floor((answerBytes - answer(uid, '').length) * 0.75)
  const operation = { op: 'add', path: '/metadata/annotations/floor', value: '' }
  const value = 'x'.repeat(Math.max(0, bytes - JSON.stringify([operation]).length))
  return Buffer.from(JSON.stringify([{ ...operation, value }])).toString('base64')
}
