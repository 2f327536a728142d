import t from 'tap'
import { createEvent } from '../../src/kube/events.ts'
import { secretIn } from '../../src/kube/secret.ts'
import { webhookConfiguration } from '../../src/kube/webhook-configuration.ts'
import { type FakeRequest, startFakeApiServer, statusOf } from '../support/fake-api-server.ts'

const { signal } = new AbortController()
const secrets = '/api/v1/namespaces/usher-system/secrets'

t.test('reads a Secret, and tells one that is not there from one that may not be read', async (t) => {
  const api = await startFakeApiServer(t)
  const secret = secretIn(api.config, 'usher-system', 'tls')
  const [found] = await Promise.all([secret.read(signal), answer(api.next(`${secrets}/tls`), (r) => r.json({ data: { a: 'Yg==', odd: 1 } }))])
  t.strictSame(found.data, { a: 'b', odd: '' })
  const [none] = await Promise.all([
    secret.read(signal),
    answer(api.next(), (r) => r.json(statusOf(404), 404, { date: 'Thu, 01 Jan 2032 00:00:00 GMT' })),
  ])
  t.equal(none.data, undefined)
  t.equal(none.at, Date.parse('2032-01-01T00:00:00Z'), "the API server's clock")
  await Promise.all([
    t.rejects(secret.read(signal), { name: 'ApiError', status: 403 }),
    answer(api.next(), (r) => r.json(statusOf(403), 403)),
  ])
})

t.test('creates a Secret, and tells when somebody was faster', async (t) => {
  const api = await startFakeApiServer(t)
  const secret = secretIn(api.config, 'usher-system', 'tls')
  const [found] = await Promise.all([secret.read(signal), answer(api.next(), (r) => r.json(statusOf(404), 404))])
  const [created, request] = await Promise.all([found.write({ a: 'b' }, signal), answer(api.next(secrets), (r) => r.json({}, 201))])
  t.ok(created)
  t.equal(request.method, 'POST')
  t.match(JSON.parse(request.body), { kind: 'Secret', metadata: { name: 'tls' }, type: 'kubernetes.io/tls', data: { a: 'Yg==' } })
  const [again] = await Promise.all([found.write({ a: 'b' }, signal), answer(api.next(), (r) => r.json(statusOf(409), 409))])
  t.notOk(again)
})

t.test('replaces what a Secret holds, of the version that it has read, and nothing else of it', async (t) => {
  const api = await startFakeApiServer(t)
  const secret = secretIn(api.config, 'usher-system', 'tls')
  const object = { metadata: { name: 'tls', resourceVersion: '7', labels: { a: 'b' } }, type: 'Opaque', data: { 'ca.key': 'eA==' } }
  const [found] = await Promise.all([secret.read(signal), answer(api.next(), (r) => r.json(object))])
  const [written, request] = await Promise.all([found.write({ a: 'b' }, signal), answer(api.next(`${secrets}/tls`), (r) => r.json({}))])
  t.ok(written)
  t.equal(request.method, 'PUT')
  t.strictSame(JSON.parse(request.body), { ...object, data: { a: 'Yg==' } })
  for (const status of [409, 404]) {
    const [again] = await Promise.all([found.write({ a: 'b' }, signal), answer(api.next(), (r) => r.json(statusOf(status), status))])
    t.notOk(again, 'it was changed or deleted since')
  }
  await Promise.all([t.rejects(found.write({}, signal), { name: 'ApiError', status: 422 }), answer(api.next(), (r) => r.json(statusOf(422), 422))])
})

t.test('puts a CA into the webhooks that have another, of the version that it has read', async (t) => {
  const api = await startFakeApiServer(t)
  const object = {
    metadata: { resourceVersion: '7' },
    webhooks: [{ clientConfig: { caBundle: 'Q0E=' } }, { clientConfig: {} }, { clientConfig: { caBundle: 'b3RoZXI=' } }],
  }
  const [found] = await Promise.all([webhookConfiguration(api.config, 'usher').read(signal), answer(api.next(), (r) => r.json(object))])
  t.strictSame(found.bundles, ['CA', '', 'other'])
  const path = '/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/usher'
  const [changed, patch] = await Promise.all([found.trust('CA', signal), answer(api.next(path), (r) => r.json({}))])
  t.ok(changed)
  t.equal(patch.method, 'PATCH')
  t.equal(patch.headers['content-type'], 'application/json-patch+json')
  t.strictSame(JSON.parse(patch.body), [
    { op: 'test', path: '/metadata/resourceVersion', value: '7' },
    { op: 'add', path: '/webhooks/1/clientConfig/caBundle', value: 'Q0E=' },
    { op: 'add', path: '/webhooks/2/clientConfig/caBundle', value: 'Q0E=' },
  ])
  for (const status of [409, 422]) {
    const [again] = await Promise.all([found.trust('CA', signal), answer(api.next(), (r) => r.json(statusOf(status), status))])
    t.notOk(again, 'somebody has changed it in the meantime')
  }
  await Promise.all([t.rejects(found.trust('CA', signal), { name: 'ApiError', status: 403 }), answer(api.next(), (r) => r.json(statusOf(403), 403))])
})

t.test('patches nothing where all is as it should be', async (t) => {
  const api = await startFakeApiServer(t)
  for (const webhooks of [[{ clientConfig: { caBundle: 'Q0E=' } }], [], undefined]) {
    const [found] = await Promise.all([
      webhookConfiguration(api.config, 'usher').read(signal),
      answer(api.next(), (r) => r.json({ metadata: {}, webhooks })),
    ])
    t.ok(await found.trust('CA', signal))
  }
  t.equal(api.waiting, 0)
})

t.test('creates an event about an object, no longer than the API server takes', async (t) => {
  const api = await startFakeApiServer(t)
  const about = { apiVersion: 'apps/v1', kind: 'DaemonSet', name: 'usher-lock' }
  const source = { namespace: 'usher-system', component: 'usher-webhook', instance: 'pod' }
  const event = { type: 'Warning', reason: 'LockLeftOut', message: 'x'.repeat(2_000), about, at: new Date(1_234) } as const
  const creating = createEvent(api.config, source, event, signal)
  const request = await api.next('/api/v1/namespaces/usher-system/events')
  request.json({}, 201)
  await creating
  t.match(JSON.parse(request.body), {
    kind: 'Event', type: 'Warning', reason: 'LockLeftOut', message: /^x{1024}$/, firstTimestamp: '1970-01-01T00:00:01Z',
    involvedObject: { ...about, namespace: 'usher-system' }, source: { component: 'usher-webhook' },
  })
})

async function answer(next: Promise<FakeRequest>, send: (request: FakeRequest) => void): Promise<FakeRequest> {
  const request = await next
  send(request)
  return request
}
