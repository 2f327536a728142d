import { Agent } from 'node:https'
import { connect, type ConnectionOptions } from 'node:tls'
import t, { type Test } from 'tap'
import { issueForTest, serviceName } from '../support/certificates.ts'
import { readAnswer, reviewOf, smallPod } from '../support/review.ts'
import { agentFor, connectRaw, post, rawReview } from '../support/tls-client.ts'
import { within } from '../support/until.ts'
import { listeningWebhook, type ListeningWebhook } from '../support/webhook.ts'

t.test('is verified as an API server does: by its CA, for the name of its Service', async (t) => {
  const webhook = await listeningWebhook(t)
  const { body } = await post(agentFor(t, webhook), webhook, reviewOf(smallPod()))
  t.match(readAnswer(body), { uid: 'uid-of-the-review', allowed: true, reasons: ['nap-added', 'lock-added'] })
})

t.test('is not trusted with another CA, for another name, or without a CA', async (t) => {
  const webhook = await listeningWebhook(t)
  const other = await issueForTest()
  for (const [title, options, code] of [
    ['another CA', { ca: other.ca.cert, servername: serviceName }, /UNABLE_TO_VERIFY_LEAF|SELF_SIGNED|CERT_SIGNATURE/],
    ['another name', { ca: webhook.ca, servername: 'usher-webhook.elsewhere.svc' }, /ERR_TLS_CERT_ALTNAME_INVALID/],
    ['no CA', { servername: serviceName }, /UNABLE_TO_VERIFY_LEAF_SIGNATURE/],
  ] as const) {
    const agent = new Agent(options)
    t.teardown(() => agent.destroy())
    await t.rejects(post(agent, webhook, reviewOf(smallPod())), { code }, title)
  }
})

t.test('speaks HTTP/1.1 over TLS 1.2 and 1.3, also with those who would rather have HTTP/2', async (t) => {
  const webhook = await listeningWebhook(t)
  for (const version of ['TLSv1.2', 'TLSv1.3'] as const) {
    const found = await handshake(t, webhook, { minVersion: version, maxVersion: version, ALPNProtocols: ['h2', 'http/1.1'] })
    t.strictSame(found, { protocol: version, alpn: 'http/1.1' })
  }
})

t.test('does not speak TLS 1.1', async (t) => {
  const webhook = await listeningWebhook(t)
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT:@SECLEVEL=0' } as const
  await t.rejects(handshake(t, webhook, old))
})

t.test('does not answer plain HTTP, and goes on after it was asked', async (t) => {
  const webhook = await listeningWebhook(t)
  await t.rejects(fetch(`http://127.0.0.1:${webhook.port}/mutate`))
  const { status } = await post(agentFor(t, webhook), webhook, reviewOf(smallPod()))
  t.equal(status, 200)
})

t.test('accepts the query that the API server appends', async (t) => {
  const webhook = await listeningWebhook(t)
  const agent = agentFor(t, webhook)
  for (const query of ['', '?', '?timeout=2s', '?timeout=30s&x=y', '?timeout=%ZZ', '?a?b']) {
    const { status, body } = await post(agent, webhook, reviewOf(smallPod()), { path: `/mutate${query}` })
    t.equal(status, 200, query)
    if (status === 200) t.equal(readAnswer(body).allowed, true, query)
  }
})

t.test('answers requests that are sent at once on one connection, in their order', async (t) => {
  const webhook = await listeningWebhook(t)
  const connection = await connectRaw(t, webhook)
  // Few: Node itself gives up a TLS connection on which more is waiting than it buffers.
  const uids = Array.from({ length: 10 }, (_, index) => `review-${index}`)
  connection.send(uids.map((uid) => rawReview(reviewOf(smallPod(), { uid }))).join(''))
  const answers = await within(10_000, 'all answers', Promise.all(uids.map(() => connection.answer())))
  t.strictSame(answers.map(({ body }) => readAnswer(body).uid), uids)
  t.ok(answers.every(({ status, headers }) => status === 200 && headers['content-type']?.startsWith('application/json')))
})

t.test('keeps a connection for one review after the other, odd bodies between them', async (t) => {
  const webhook = await listeningWebhook(t)
  const connection = await connectRaw(t, webhook)
  for (let sent = 0; sent < 20; sent++) {
    const uid = `review-${sent}`
    connection.send(rawReview(reviewOf(sent % 2 === 0 ? smallPod() : null, { uid })))
    const { headers, body } = await within(5_000, uid, connection.answer())
    t.equal(readAnswer(body).uid, uid)
    t.not(headers['connection'], 'close')
  }
  t.notOk(connection.socket.destroyed)
})

t.test('reads a review that comes byte by byte, or in chunks', async (t) => {
  const webhook = await listeningWebhook(t)
  const text = rawReview(reviewOf(smallPod({ annotations: { note: 'ñ🦀' } })))
  const slow = await connectRaw(t, webhook)
  slow.socket.setNoDelay(true)
  for (const byte of Buffer.from(text)) slow.send(Buffer.of(byte))
  t.equal(readAnswer((await within(5_000, 'byte by byte', slow.answer())).body).allowed, true)

  const body = Buffer.from(reviewOf(smallPod({ annotations: { note: 'ñ🦀' } })))
  const { status } = await post(agentFor(t, webhook), webhook, body, { headers: { 'transfer-encoding': 'chunked' } })
  t.equal(status, 200)
})

t.test('answers many connections at once, each with its own uid', async (t) => {
  const webhook = await listeningWebhook(t)
  const uids = Array.from({ length: 200 }, (_, index) => `review-${index}`)
  const agent = agentFor(t, webhook)
  const answers = await Promise.all(uids.map((uid) => post(agent, webhook, reviewOf(smallPod(), { uid }))))
  t.strictSame(answers.map(({ body }) => readAnswer(body).uid), uids)
  t.equal(await webhook.metric('usher_webhook_requests_total{status="200"}'), uids.length)
  t.equal(new Set(webhook.log.lines('review').map(({ uid }) => uid)).size, uids.length, 'each has its line')
})

t.test('keeps idle connections longer than the API server does', async (t) => {
  const { app } = await listeningWebhook(t)
  t.ok(app.server.keepAliveTimeout > 90_000, `${app.server.keepAliveTimeout} ms`)
})

interface Agreed {
  readonly protocol: string | null
  readonly alpn: unknown
}

async function handshake(t: Test, { port, ca }: ListeningWebhook, options: ConnectionOptions): Promise<Agreed> {
  const socket = connect({ host: '127.0.0.1', port, ca, servername: serviceName, ...options })
  t.teardown(() => socket.destroy())
  const { promise, resolve, reject } = Promise.withResolvers<void>()
  socket.on('secureConnect', () => resolve())
  socket.on('error', reject)
  await promise
  return { protocol: socket.getProtocol(), alpn: socket.alpnProtocol }
}
