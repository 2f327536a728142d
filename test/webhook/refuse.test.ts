import t, { type Test } from 'tap'
import type { ProblemCode } from '../../src/http/problem.ts'
import { maxBodyBytes } from '../../src/webhook/app.ts'
import { isProblem } from '../support/problem.ts'
import type { RawAnswer } from '../support/raw-answer.ts'
import { readAnswer, reviewOf, smallPod } from '../support/review.ts'
import { agentFor, connectRaw, head, post, type Server } from '../support/tls-client.ts'
import { until, within } from '../support/until.ts'
import { listeningWebhook } from '../support/webhook.ts'

const json = { 'content-type': 'application/json' }

/** Requests that are wrong by their head alone; each declares a body that is never sent. */
const heads: readonly (readonly [string, ProblemCode, string, Readonly<Record<string, string | number>>])[] = [
  ['another path', 'not-found', 'POST /', json],
  ['a path below', 'not-found', 'POST /mutate/pods', json],
  ['a path in another case', 'not-found', 'POST /Mutate', json],
  ['a slash at the end', 'not-found', 'POST /mutate/', json],
  ['another path with a query', 'not-found', 'POST /validate?timeout=2s', json],
  ['a path of another server', 'not-found', 'POST http://elsewhere.example/', json],
  ['a path of 8 kB', 'not-found', `POST /${'x'.repeat(8_000)}`, json],
  ['the path with another method, and another content type', 'not-found', 'PUT /nothing', { 'content-type': 'text/plain' }],
  ['GET', 'method-not-allowed', 'GET /mutate', json],
  ['PUT', 'method-not-allowed', 'PUT /mutate', json],
  ['PATCH', 'method-not-allowed', 'PATCH /mutate?timeout=2s', json],
  ['DELETE', 'method-not-allowed', 'DELETE /mutate', json],
  ['OPTIONS', 'method-not-allowed', 'OPTIONS /mutate', json],
  ['TRACE', 'method-not-allowed', 'TRACE /mutate', json],
  ['a method that few know', 'method-not-allowed', 'PROPFIND /mutate', json],
  ['no content type', 'unsupported-media-type', 'POST /mutate', {}],
  ['an empty content type', 'unsupported-media-type', 'POST /mutate', { 'content-type': '' }],
  ['text/plain', 'unsupported-media-type', 'POST /mutate', { 'content-type': 'text/plain' }],
  ['YAML', 'unsupported-media-type', 'POST /mutate', { 'content-type': 'application/yaml' }],
  ['JSON of another kind', 'unsupported-media-type', 'POST /mutate', { 'content-type': 'application/json-patch+json' }],
  ['a form', 'unsupported-media-type', 'POST /mutate', { 'content-type': 'application/x-www-form-urlencoded' }],
  ['protobuf', 'unsupported-media-type', 'POST /mutate', { 'content-type': 'application/vnd.kubernetes.protobuf' }],
  ['nonsense for a content type', 'unsupported-media-type', 'POST /mutate', { 'content-type': ';;=,' }],
  ['one byte over the limit', 'payload-too-large', 'POST /mutate', { ...json, 'content-length': maxBodyBytes + 1 }],
  ['a terabyte', 'payload-too-large', 'POST /mutate', { ...json, 'content-length': 1e12 }],
]

t.test('refuses by the head alone, before the body is read', async (t) => {
  const server = await listeningWebhook(t)
  for (const [title, code, requestLine, headers] of heads) {
    await t.test(title, async (t) => {
      const connection = await connectRaw(t, server)
      connection.send(head(requestLine, { 'content-length': 5, ...headers }))
      const answer = await within(5_000, 'the answer', connection.answer())
      isRawProblem(t, answer, code, title)
      if (code === 'method-not-allowed') t.equal(answer.headers['allow'], 'POST')
      t.equal(answer.headers['connection'], 'close', 'what is left of the body is not read')
      await within(5_000, 'the server closes the connection', connection.closed)
    })
  }
  await answersReviews(t, server)
  t.equal(await server.metric('usher_webhook_requests_total{status="404"}'), 8)
  t.equal(await server.metric('usher_webhook_requests_total{status="405"}'), 7)
  t.equal(await server.metric('usher_webhook_requests_total{status="415"}'), 8)
  t.equal(await server.metric('usher_webhook_requests_total{status="413"}'), 2)
})

t.test('refuses a path that cannot be decoded as any other', async (t) => {
  const connection = await connectRaw(t, await listeningWebhook(t))
  connection.send(head('POST /%ZZ', { ...json, 'content-length': 5 }))
  const { status, headers } = await within(5_000, 'the answer', connection.answer())
  t.ok(status === 404 || status === 400, `${status}`)
  t.match(headers['content-type'], /^application\/problem\+json/)
  t.equal(headers['connection'], 'close', 'what is left of the body is not read')
})

t.test('refuses a length that no number holds, or that is none, with a problem document', async (t) => {
  const server = await listeningWebhook(t)
  for (const length of ['9'.repeat(30), '18446744073709551616', '-1', 'many']) {
    const connection = await connectRaw(t, server)
    connection.send(head('POST /mutate', { ...json, 'content-length': length }))
    const { status, headers } = await within(5_000, 'the answer', connection.answer())
    t.ok(status === 413 || status === 400, `${length}: ${status}`)
    t.match(headers['content-type'], /^application\/problem\+json/, length)
    await within(5_000, 'the server closes the connection', connection.closed)
  }
})

t.test('refuses headers without end', async (t) => {
  const connection = await connectRaw(t, await listeningWebhook(t))
  connection.send(`POST /mutate HTTP/1.1\r\nhost: x\r\nlong: ${'x'.repeat(100_000)}`)
  const { status, headers } = await within(5_000, 'the answer', connection.answer())
  t.ok(status === 431 || status === 400, `${status}`)
  t.match(headers['content-type'], /^application\/problem\+json/)
  await within(5_000, 'the server closes the connection', connection.closed)
})

t.test('answers HEAD as GET, without a body', async (t) => {
  const server = await listeningWebhook(t)
  const { status, body } = await post(agentFor(t, server), server, '', { method: 'HEAD' })
  t.equal(status, 405)
  t.equal(body, '')
})

t.test('takes application/json however it is written', async (t) => {
  const server = await listeningWebhook(t)
  const agent = agentFor(t, server)
  for (const type of ['application/json', 'application/json; charset=utf-8', 'Application/JSON', 'application/json;charset="UTF-8"']) {
    const answer = await post(agent, server, reviewOf(smallPod()), { headers: { 'content-type': type } })
    t.equal(answer.status, 200, type)
  }
})

t.test('a client that asks before it sends a body', async (t) => {
  const server = await listeningWebhook(t)
  const asks = { ...json, expect: '100-continue' }

  await t.test('is told to go on, and is answered', async (t) => {
    const connection = await connectRaw(t, server)
    const body = reviewOf(smallPod())
    connection.send(head('POST /mutate', { ...asks, 'content-length': Buffer.byteLength(body) }))
    t.equal((await within(5_000, 'the interim answer', connection.answer())).status, 100)
    connection.send(body)
    const answer = await within(5_000, 'the answer', connection.answer())
    t.equal(answer.status, 200)
    t.equal(readAnswer(answer.body).uid, 'uid-of-the-review')
  })

  const refused: readonly (readonly [ProblemCode, string, Readonly<Record<string, string | number>>])[] = [
    ['not-found', 'POST /validate', asks],
    ['method-not-allowed', 'PUT /mutate', asks],
    ['unsupported-media-type', 'POST /mutate', { ...asks, 'content-type': 'text/plain' }],
    ['payload-too-large', 'POST /mutate', { ...asks, 'content-length': maxBodyBytes + 1 }],
  ]
  for (const [code, requestLine, headers] of refused) {
    await t.test(`gets ${code} instead of leave to send it`, async (t) => {
      const connection = await connectRaw(t, server)
      connection.send(head(requestLine, { 'content-length': 1_000, ...headers }))
      isRawProblem(t, await within(5_000, 'the answer', connection.answer()), code, code)
    })
  }
})

t.test('stops reading a chunked body at the limit', async (t) => {
  const server = await listeningWebhook(t)
  const connection = await connectRaw(t, server)
  connection.send(head('POST /mutate', { ...json, 'transfer-encoding': 'chunked' }))
  const answer = connection.answer()
  const chunk = Buffer.from(`40000\r\n${' '.repeat(0x40000)}\r\n`)
  for (let sent = 0; sent <= maxBodyBytes; sent += 0x40000) connection.send(chunk)
  isRawProblem(t, await within(5_000, 'the answer', answer), 'payload-too-large', 'chunked')
  await within(5_000, 'the server closes the connection', connection.closed)
  await answersReviews(t, server)
})

t.test('a client that sends far too much all the same gets the answer', async (t) => {
  const server = await listeningWebhook(t)
  const agent = agentFor(t, server)
  const body = Buffer.alloc(maxBodyBytes + 1_000_000, ' ')
  isProblem(t, await post(agent, server, body), 'payload-too-large', 'by its declared length')
  isProblem(t, await post(agent, server, body, { headers: { 'transfer-encoding': 'chunked' } }), 'payload-too-large', 'chunked')
})

t.test('takes a body of exactly the limit, chunked or not', async (t) => {
  const server = await listeningWebhook(t)
  const agent = agentFor(t, server)
  const body = reviewOf(smallPod()).padEnd(maxBodyBytes)
  t.equal((await post(agent, server, body)).status, 200)
  t.equal((await post(agent, server, body, { headers: { 'transfer-encoding': 'chunked' } })).status, 200)
})

t.test('survives what is no HTTP at all', async (t) => {
  const server = await listeningWebhook(t)
  const negative = head('POST /mutate', { 'content-length': -1 })
  for (const bytes of ['\r\n\r\n\r\n', 'nonsense\r\n\r\n', 'GET\r\n\r\n', '\0\x16\x03\x01', negative]) {
    const connection = await connectRaw(t, server)
    connection.socket.end(bytes)
    await within(5_000, `the server closes the connection after ${JSON.stringify(bytes)}`, connection.closed)
  }
  await answersReviews(t, server)
})

t.test('survives a client that goes away in the middle of its body', async (t) => {
  const server = await listeningWebhook(t)
  const connection = await connectRaw(t, server)
  connection.send(head('POST /mutate', { ...json, 'content-length': 1_000 }) + '{"kind":')
  await until('the server has the connection', () => connection.socket.bytesWritten > 0)
  connection.socket.destroy()
  await answersReviews(t, server)
})

function isRawProblem(t: Test, { status, headers, body }: RawAnswer, code: ProblemCode, message: string): void {
  isProblem(t, { status, type: headers['content-type'], body }, code, message)
}

async function answersReviews(t: Test, server: Server): Promise<void> {
  const { status, body } = await post(agentFor(t, server), server, reviewOf(smallPod()))
  t.equal(status, 200, 'reviews are still answered')
  t.match(readAnswer(body), { allowed: true, reasons: ['nap-added', 'lock-added'] })
}
