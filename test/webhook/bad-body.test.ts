import t from 'tap'
import type { ProblemCode } from '../../src/http/problem.ts'
import { isProblem } from '../support/problem.ts'
import { readAnswer, reviewOf, smallPod } from '../support/review.ts'
import { agentFor, connectRaw, head, post } from '../support/tls-client.ts'
import { within } from '../support/until.ts'
import { listeningWebhook, webhookFor } from '../support/webhook.ts'

const secret = 'hunter2'
const v1 = { apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' }

const bodies: readonly (readonly [string, ProblemCode, string | Buffer])[] = [
  ['nothing', 'not-json', ''],
  ['white space', 'not-json', ' \r\n\t '],
  ['a word', 'not-json', 'nonsense'],
  ['half a review', 'not-json', reviewOf(smallPod()).slice(0, -20)],
  ['a review and more', 'not-json', `${reviewOf(smallPod())}{}`],
  ['two reviews', 'not-json', `${reviewOf(smallPod())}\n${reviewOf(smallPod())}`],
  ['YAML', 'not-json', 'kind: AdmissionReview\napiVersion: admission.k8s.io/v1\n'],
  ['single quotes', 'not-json', "{'kind':'AdmissionReview'}"],
  ['a comma too many', 'not-json', '{"kind":"AdmissionReview",}'],
  ['a comment', 'not-json', '{"kind":"AdmissionReview"} // so'],
  ['NaN', 'not-json', '{"kind":NaN}'],
  ['a raw line break in a string', 'not-json', '{"kind":"Admission\nReview"}'],
  ['UTF-16', 'not-json', Buffer.from(reviewOf(smallPod()), 'utf16le')],
  ['zero bytes', 'not-json', Buffer.alloc(100)],
  ['random bytes', 'not-json', Buffer.from('ff00fe80c0', 'hex')],
  ['gzip', 'not-json', Buffer.from('1f8b0800', 'hex')],
  ['null', 'not-an-admission-review', 'null'],
  ['a number', 'not-an-admission-review', '7'],
  ['a string', 'not-an-admission-review', '"AdmissionReview"'],
  ['a list', 'not-an-admission-review', `[${reviewOf(smallPod())}]`],
  ['an empty object', 'not-an-admission-review', '{}'],
  ['a pod', 'not-an-admission-review', JSON.stringify(smallPod())],
  ['a kind in another case', 'not-an-admission-review', JSON.stringify({ ...v1, kind: 'admissionreview' })],
  ['a kind that is no string', 'not-an-admission-review', JSON.stringify({ ...v1, kind: ['AdmissionReview'] })],
  ['the kind by __proto__', 'not-an-admission-review', `{"__proto__":${reviewOf(smallPod())}}`],
  ['v1beta1', 'unsupported-version', reviewOf(smallPod()).replace('admission.k8s.io/v1', 'admission.k8s.io/v1beta1')],
  ['v2', 'unsupported-version', reviewOf(smallPod()).replace('admission.k8s.io/v1', 'admission.k8s.io/v2')],
  ['another group', 'unsupported-version', JSON.stringify({ ...v1, apiVersion: 'admission.example/v1' })],
  ['no version', 'unsupported-version', '{"kind":"AdmissionReview"}'],
  ['no request', 'no-request', JSON.stringify(v1)],
  ['a null request', 'no-request', JSON.stringify({ ...v1, request: null })],
  ['a list for a request', 'no-request', JSON.stringify({ ...v1, request: [] })],
  ['a string for a request', 'no-request', JSON.stringify({ ...v1, request: 'please' })],
  ['an answer instead of a request', 'no-request', JSON.stringify({ ...v1, response: { uid: 'u', allowed: true } })],
  ['no uid', 'no-request', reviewOf(smallPod(), { uid: undefined })],
  ['an empty uid', 'no-request', reviewOf(smallPod(), { uid: '' })],
  ['a number for a uid', 'no-request', reviewOf(smallPod(), { uid: 7 })],
  ['a null uid', 'no-request', reviewOf(smallPod(), { uid: null })],
  ['the request by __proto__', 'no-request', `{"apiVersion":"${v1.apiVersion}","kind":"${v1.kind}","__proto__":{"request":{"uid":"u"}}}`],
  ['the uid by __proto__', 'no-request', JSON.stringify({ ...v1, request: {} }).replace('{}', '{"__proto__":{"uid":"u"}}')],
]

t.test('answers a body that is no review it can answer with 400 and what is wrong', async (t) => {
  const { app, metric } = webhookFor(t)
  for (const [title, code, payload] of bodies) {
    const { statusCode: status, headers, body } = await app.inject({
      method: 'POST', url: '/mutate', headers: { 'content-type': 'application/json' }, payload,
    })
    isProblem(t, { status, type: headers['content-type']?.toString(), body }, code, title)
  }
  t.equal(await metric('usher_webhook_requests_total{status="400"}'), bodies.length)
})

t.test('the same over a socket, one connection after the other', async (t) => {
  const server = await listeningWebhook(t)
  const agent = agentFor(t, server)
  for (const [title, code, body] of bodies) isProblem(t, await post(agent, server, body), code, title)
  t.match(readAnswer((await post(agent, server, reviewOf(smallPod()))).body), { allowed: true })
})

t.test('answers a request without any body', async (t) => {
  const server = await listeningWebhook(t)
  const type = { 'content-type': 'application/json' }
  for (const [title, text] of [
    ['of length 0', head('POST /mutate', { ...type, 'content-length': 0 })],
    ['without a length', head('POST /mutate', type)],
    ['in no chunks', `${head('POST /mutate', { ...type, 'transfer-encoding': 'chunked' })}0\r\n\r\n`],
  ] as const) {
    const connection = await connectRaw(t, server)
    connection.send(text)
    const { status, headers, body } = await within(5_000, 'the answer', connection.answer())
    isProblem(t, { status, type: headers['content-type'], body }, 'not-json', title)
  }
})

t.test('repeats nothing of the body, neither in the answer nor in the log', async (t) => {
  const { app, log } = webhookFor(t)
  for (const payload of [
    secret,
    `{"${secret}`,
    `{"kind":"${secret}"}`,
    `{"a":${secret}}`,
    `["x" ${secret}]`,
    `{"kind":"AdmissionReview","apiVersion":"${secret}"}`,
  ]) {
    const answer = await app.inject({ method: 'POST', url: '/mutate', headers: { 'content-type': 'application/json' }, payload })
    t.equal(answer.statusCode, 400)
    t.notMatch(answer.body, secret)
  }
  t.notMatch(log.text(), secret)
  t.equal(log.lines('refused').length, 6, 'each is logged')
})

t.test('says where JSON is broken', async (t) => {
  const { app } = webhookFor(t)
  const payload = '{"kind":"AdmissionReview",}'
  const { body } = await app.inject({ method: 'POST', url: '/mutate', headers: { 'content-type': 'application/json' }, payload })
  t.match(JSON.parse(body).detail, /position 26/)
})

t.test('takes a review with a byte order mark, or with bytes that are no UTF-8 in it, without crashing', async (t) => {
  const { app } = webhookFor(t)
  const headers = { 'content-type': 'application/json' }
  const marked = await app.inject({ method: 'POST', url: '/mutate', headers, payload: `\ufeff${reviewOf(smallPod())}` })
  t.ok(marked.statusCode === 200 || marked.statusCode === 400, `${marked.statusCode}`)
  const text = Buffer.from(reviewOf(smallPod({ annotations: { note: 'XX' } })))
  text.write('fffe', text.indexOf('XX'), 'hex')
  const broken = await app.inject({ method: 'POST', url: '/mutate', headers, payload: text })
  t.match(readAnswer(broken.body), { allowed: true, uid: 'uid-of-the-review' })
})
