import t, { type Test } from 'tap'
import { readAnswer, reviewOf, smallPod } from '../support/review.ts'
import { agentFor, connectRaw, head, post, type RawConnection, rawReview, type Server } from '../support/tls-client.ts'
import { until, within } from '../support/until.ts'
import { startWebhook, type WebhookProcess } from '../support/usher-process.ts'

// Its own bound, and some for a busy machine. Kubernetes gives thirty seconds.
const boundMs = 20_000

// Its time passes while the other tests run.
const stuck = startWebhook(t).then(async (webhook) => {
  await halfReview(t, webhook, 'never')
  webhook.kill('SIGTERM')
  return { webhook, asked: performance.now() }
})
stuck.catch(() => {})

t.test('SIGTERM: answers what it has accepted, closes what is idle, takes nothing new, ends with 0', async (t) => {
  const webhook = await startWebhook(t, ['--kube-version', '1.37'])
  const idle = await connectRaw(t, webhook)
  await review(idle, 'before')
  const busy = await halfReview(t, webhook, 'in flight')
  const probe = await fetch(`http://127.0.0.1:${webhook.probePort}/healthz`)
  await probe.text()

  webhook.kill('SIGTERM')
  await within(5_000, 'the idle connection is closed', idle.closed)
  await until('new connections are refused', async () => {
    const attempt = await connectRaw(t, webhook).catch(() => undefined)
    attempt?.socket.destroy()
    return attempt === undefined
  })
  t.strictSame(await webhook.probe('/readyz'), { status: 503, body: 'closing\n' })
  t.strictSame(await webhook.probe('/healthz'), { status: 200, body: 'ok\n' })
  t.notOk(busy.socket.destroyed, 'the request in flight is waited for')

  busy.send(busy.rest)
  const { status, body } = await within(5_000, 'the answer', busy.answer())
  t.equal(status, 200)
  t.match(readAnswer(body), { uid: 'in flight', allowed: true, reasons: ['nap-added', 'lock-added'] })
  const answered = performance.now()
  t.strictSame(await within(boundMs, 'it ends', webhook.ended), { code: 0, signal: null })
  const ms = performance.now() - answered
  t.ok(ms < 5_000, `ends ${Math.round(ms)} ms after the last answer, not at the bound`)
  t.match(webhook.lines('closing'), [{ signal: 'SIGTERM' }])
  t.equal(webhook.lines('closed').length, 1)
  // In any order: the last lines are written at once, while a write of earlier ones may be under way in a thread.
  const logged = webhook.lines('review').map(({ uid }) => uid)
  t.strictSame(new Set(logged), new Set(['before', 'in flight']), 'nothing of the log is lost')
})

t.test('a request in flight on a connection that was used before is answered, too', async (t) => {
  const webhook = await startWebhook(t)
  const connection = await connectRaw(t, webhook)
  await review(connection, 'before')
  const [start, rest] = halves('in flight')
  connection.send(start)
  await reaches(t, webhook)
  webhook.kill('SIGTERM')
  await webhook.line('closing')
  connection.send(rest)
  const { body } = await within(5_000, 'the answer', connection.answer())
  t.equal(readAnswer(body).uid, 'in flight')
  t.strictSame(await within(boundMs, 'it ends', webhook.ended), { code: 0, signal: null })
})

t.test('loses no line of the log, however soon after a review it ends', async (t) => {
  const webhook = await startWebhook(t)
  const agent = agentFor(t, webhook)
  const uids = Array.from({ length: 100 }, (_, index) => `review-${index}`)
  await Promise.all(uids.map((uid) => post(agent, webhook, reviewOf(smallPod(), { uid }))))
  webhook.kill('SIGINT')
  t.strictSame(await within(boundMs, 'it ends', webhook.ended), { code: 0, signal: null })
  t.strictSame(new Set(webhook.lines('review').map(({ uid }) => uid)), new Set(uids))
  t.match(webhook.lines('closing'), [{ signal: 'SIGINT' }])
})

t.test('does not wait longer than its bound for a client that never sends the rest', async (t) => {
  const { webhook, asked } = await stuck
  const { signal } = await within(boundMs, 'it ends', webhook.ended)
  const ms = performance.now() - asked
  t.equal(signal, null, 'by itself')
  t.ok(ms < boundMs, `${Math.round(ms)} ms`)
})

/** The first and the second half of a request. */
function halves(uid: string): [string, string] {
  const text = rawReview(reviewOf(smallPod(), { uid }))
  const inTheBody = text.indexOf('AdmissionReview')
  return [text.slice(0, inTheBody), text.slice(inTheBody)]
}

/** Sends half a review, and waits until the webhook has it. */
async function halfReview(t: Test, webhook: WebhookProcess, uid: string): Promise<RawConnection & { readonly rest: string }> {
  const connection = await connectRaw(t, webhook)
  const [start, rest] = halves(uid)
  connection.send(start)
  await reaches(t, webhook)
  return { ...connection, rest }
}

/** What was sent before has arrived once a review that was sent after it is answered. */
async function reaches(t: Test, server: Server): Promise<void> {
  const connection = await connectRaw(t, server)
  connection.send(head('GET /'))
  await connection.answer()
}

async function review(connection: RawConnection, uid: string): Promise<void> {
  connection.send(halves(uid).join(''))
  await within(5_000, uid, connection.answer())
}
