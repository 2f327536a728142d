import { STATUS_CODES } from 'node:http'
import { readFileSync } from 'node:fs'
import fastify from 'fastify'
import t from 'tap'
import { type ProblemCode, problemDocument, problemTable, sendProblem } from '../../src/http/problem.ts'

const entries = Object.entries(problemTable)

t.test('each problem has a code to link to, the status of an error, and a title of its own', async (t) => {
  for (const [code, { status, title }] of entries) {
    t.match(code, /^[a-z]+(-[a-z]+)*$/)
    t.ok(status >= 400 && status in STATUS_CODES, `${code}: ${status}`)
    t.match(title, /^[A-Z].*[^.]$/, `${code}: a title, not a sentence`)
  }
  t.equal(new Set(entries.map(([, { title }]) => title)).size, entries.length)
})

t.test('has the statuses that HTTP has for them', async (t) => {
  t.strictSame(Object.fromEntries(entries.map(([code, { status }]) => [code, status])), {
    'uri-too-long': 414,
    'headers-too-large': 431,
    'request-timeout': 408,
    locked: 423,
    'too-many-waiting': 503,
    'too-many-waiting-from-peer': 503,
    'too-many-readers': 503,
    'not-a-reader': 403,
    'no-such-lease': 404,
    'not-your-lease': 403,
    'not-found': 404,
    'method-not-allowed': 405,
    'unsupported-media-type': 415,
    'payload-too-large': 413,
    'bad-request': 400,
    'not-json': 400,
    'not-an-admission-review': 400,
    'unsupported-version': 400,
    'no-request': 400,
    'unknown-pod': 403,
    'not-your-address': 403,
    'dependency-failed': 424,
    'internal-error': 500,
  })
})

t.test('writes a problem document as RFC 9457 has it', async (t) => {
  for (const [code, { status, title }] of entries) {
    const document: unknown = JSON.parse(problemDocument(code as ProblemCode, 'what "exactly" is\nwrong'))
    t.strictSame(document, { type: `https://usher.dev/docs/errors#${code}`, title, status, detail: 'what "exactly" is\nwrong' })
  }
})

t.test('its type leads to a section of the documentation', async (t) => {
  const errors = readFileSync(new URL('../../docs/errors.md', import.meta.url), 'utf8')
  for (const [code] of entries) t.match(errors, `\n## ${code}\n`, `${code}: npm run docs`)
})

t.test('answers with the status and the media type', async (t) => {
  const app = fastify()
  t.teardown(() => app.close())
  app.get('/', (_request, reply) => sendProblem(reply, 'no-request', 'so'))
  const { statusCode, headers, body } = await app.inject('/')
  t.equal(statusCode, 400)
  t.match(headers['content-type'], /^application\/problem\+json/)
  t.equal(body, problemDocument('no-request', 'so'))
})
