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
  t.strictSame(found, { a: 'b', odd: '' })
  const [none] = await Promise.all([secret.read(signal), answer(api.next(), (r) => r.json(statusOf(404), 404))])
  t.equal(none, undefined)
  await Promise.all([
    t.rejects(secret.read(signal), { name: 'ApiError', status: 403 }),
    answer(api.next(), (r) => r.json(statusOf(403), 403)),
  ])
})

t.test('creates a Secret, and tells when somebody was faster', async (t) => {
  const api = await startFakeApiServer(t)
  const secret = secretIn(api.config, 'usher-system', 'tls')
  const [created, request] = await Promise.all([secret.create({ a: 'b' }, signal), answer(api.next(secrets), (r) => r.json({}, 201))])
  t.ok(created)
  t.equal(request.method, 'POST')
  t.match(JSON.parse(request.body), { kind: 'Secret', metadata: { name: 'tls' }, type: 'kubernetes.io/tls', data: { a: 'Yg==' } })
  const [again] = await Promise.all([secret.create({ a: 'b' }, signal), answer(api.next(), (r) => r.json(statusOf(409), 409))])
  t.notOk(again)
})

t.test('puts a CA into the webhooks that have another, of the version that it has read', async (t) => {
  const api = await startFakeApiServer(t)
  const configuration = webhookConfiguration(api.config, 'usher')
  const object = {
    metadata: { resourceVersion: '7' },
    webhooks: [{ clientConfig: { caBundle: 'Q0E=' } }, { clientConfig: {} }, { clientConfig: { caBundle: 'b3RoZXI=' } }],
  }
  const changing = configuration.trust('CA', signal)
  ;(await api.next()).json(object)
  const patch = await api.next('/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/usher')
  patch.json({})
  t.ok(await changing)
  t.equal(patch.method, 'PATCH')
  t.equal(patch.headers['content-type'], 'application/json-patch+json')
  t.strictSame(JSON.parse(patch.body), [
    { op: 'test', path: '/metadata/resourceVersion', value: '7' },
    { op: 'add', path: '/webhooks/1/clientConfig/caBundle', value: 'Q0E=' },
    { op: 'add', path: '/webhooks/2/clientConfig/caBundle', value: 'Q0E=' },
  ])
})

t.test('patches nothing where all is as it should be', async (t) => {
  const api = await startFakeApiServer(t)
  const configuration = webhookConfiguration(api.config, 'usher')
  for (const webhooks of [[{ clientConfig: { caBundle: 'Q0E=' } }], [], undefined]) {
    const changing = configuration.trust('CA', signal)
    ;(await api.next()).json({ metadata: {}, webhooks })
    t.notOk(await changing)
  }
  t.equal(api.waiting, 0)
})

t.test('reads again where somebody has changed it in the meantime, and gives up after three times', async (t) => {
  const api = await startFakeApiServer(t)
  const configuration = webhookConfiguration(api.config, 'usher')
  const object = { metadata: { resourceVersion: '7' }, webhooks: [{ clientConfig: {} }] }
  const changing = configuration.trust('CA', signal)
  ;(await api.next()).json(object)
  ;(await api.next()).json(statusOf(422, 'test failed'), 422)
  ;(await api.next()).json({ ...object, webhooks: [{ clientConfig: { caBundle: 'Q0E=' } }] })
  t.notOk(await changing, 'the other one wanted the same')

  const vain = configuration.trust('CA', signal)
  vain.catch(() => {})
  for (let times = 0; times < 3; times++) {
    ;(await api.next()).json(object)
    ;(await api.next()).json(statusOf(409), 409)
  }
  await t.rejects(vain, { name: 'ApiError', message: /409/ })
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
