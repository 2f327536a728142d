import t, { type Test } from 'tap'
import { type PodEvent, podEventsOf } from '../../src/kube/pod-events.ts'
import { type FakeRequest, startFakeApiServer, statusOf } from '../support/fake-api-server.ts'

const { signal } = new AbortController()
const pod = { uid: 'uid-of-web', namespace: 'shop', name: 'web-6d4cf56db6-x2x9v' }
const event: PodEvent = {
  pod,
  type: 'Normal',
  reason: 'StartupLockWaiting',
  occasion: '12345',
  message: 'place 4 after 65 s',
  count: 2,
  firstAgoMs: 60_000,
  lastAgoMs: 0,
}
const events = '/api/v1/namespaces/shop/events'

t.test('creates an Event that kubectl shows beside its pod, with a name of its own', async (t) => {
  const { ask } = await open(t)
  const before = Date.now()
  const { answer, request } = await ask('create', event, (r) => r.json({}, 201))
  t.strictSame(answer, { kind: 'taken' })
  t.match(request, { method: 'POST', path: events, headers: { 'content-type': 'application/json' } })
  const body = JSON.parse(request.body)
  t.match(body, {
    apiVersion: 'v1',
    kind: 'Event',
    metadata: { name: /^web-6d4cf56db6-x2x9v\.[0-9a-f]{16}$/, namespace: 'shop' },
    involvedObject: { apiVersion: 'v1', kind: 'Pod', namespace: 'shop', name: pod.name, uid: pod.uid },
    type: 'Normal',
    reason: 'StartupLockWaiting',
    message: 'place 4 after 65 s',
    source: { component: 'usher-lock', host: 'n1' },
    reportingComponent: 'usher-lock',
    reportingInstance: 'n1',
    count: 2,
  })
  t.notOk('generateName' in body.metadata)
  t.notMatch(body.metadata.name, pod.uid)
  for (const time of [body.firstTimestamp, body.lastTimestamp]) t.match(time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/, 'as metav1.Time has it')
  const [first, last] = [Date.parse(body.firstTimestamp), Date.parse(body.lastTimestamp)]
  t.ok(last >= before - 1_000 && last <= Date.now())
  t.ok(Math.abs(last - first - 60_000) <= 1_000)
})

t.test('changes message, count and time of the same Event, and nothing else', async (t) => {
  const { ask } = await open(t)
  const { request: created } = await ask('create', event, (r) => r.json({}, 201))
  const { answer, request } = await ask('update', { ...event, message: 'place 3', count: 3, lastAgoMs: 0 }, (r) => r.json({}))
  t.strictSame(answer, { kind: 'taken' })
  t.equal(request.path, `${events}/${JSON.parse(created.body).metadata.name}`)
  t.match(request, { method: 'PATCH', headers: { 'content-type': 'application/merge-patch+json' } })
  const body = JSON.parse(request.body)
  t.match(body, { message: 'place 3', count: 3 })
  t.strictSame(Object.keys(body).toSorted(), ['count', 'lastTimestamp', 'message'])
})

t.test('the name is that of the pod, the reason and the occasion', async (t) => {
  const { ask } = await open(t)
  const nameOf = async (of: PodEvent): Promise<string> => JSON.parse((await ask('create', of, (r) => r.json({}, 201))).request.body).metadata.name
  const name = await nameOf(event)
  t.equal(await nameOf({ ...event, message: 'other words', count: 7, firstAgoMs: 1, type: 'Warning' }), name)
  const others = [
    await nameOf({ ...event, reason: 'StartupLockGranted' }),
    await nameOf({ ...event, occasion: '12346' }),
    await nameOf({ ...event, pod: { ...pod, uid: 'uid-of-another' } }),
  ]
  t.equal(new Set([name, ...others]).size, 4)
  const long = await nameOf({ ...event, pod: { ...pod, name: `${'x'.repeat(235)}.${'y'.repeat(17)}` } })
  t.ok(long.length <= 253 && /^[a-z0-9]([-a-z0-9.]*[a-z0-9])?$/.test(long) && !/[.-]\./.test(long), long)
})

t.test('tells apart what is final, what lacks a right, and what may be tried again', async (t) => {
  const { ask } = await open(t)
  const user = 'User "system:serviceaccount:usher-system:usher-lock"'
  for (const [status, message, wanted] of [
    [409, 'events "web.1" already exists', { kind: 'exists' }],
    [404, 'events "web.1" not found', { kind: 'missing' }],
    [404, 'namespaces "shop" not found', { kind: 'refused' }],
    [403, `events is forbidden: ${user} cannot create resource "events" in API group "" in the namespace "shop"`, { kind: 'forbidden' }],
    [403, `events "web.1" is forbidden: ${user} cannot patch resource "events" in API group "" in the namespace "shop"`, { kind: 'forbidden' }],
    [403, 'events "web.1" is forbidden: unable to create new content in namespace shop because it is being terminated', { kind: 'refused' }],
    [403, 'events "web.1" is forbidden: exceeded quota: events', { kind: 'refused' }],
    [422, 'Event "web.1" is invalid', { kind: 'refused' }],
    [400, 'no', { kind: 'refused' }],
    [413, 'too large', { kind: 'refused' }],
    [401, 'Unauthorized', { kind: 'unavailable', retryAfterMs: 0 }],
    [500, 'etcdserver: request timed out', { kind: 'unavailable', retryAfterMs: 0 }],
    [429, 'too many requests', { kind: 'unavailable', retryAfterMs: 7_000 }],
  ] as const) {
    const { answer } = await ask('create', event, (r) => r.json(statusOf(status, message), status, status === 429 ? { 'retry-after': '7' } : {}))
    t.match(answer, wanted, `${status} ${message}`)
  }
})

t.test('a server that is not there is one that may come back', async (t) => {
  const { api, sink, ask } = await open(t)
  const { answer } = await ask('update', event, (r) => r.response.destroy())
  t.match(answer, { kind: 'unavailable', retryAfterMs: 0 })
  api.stop()
  t.match(await sink.create(event, signal), { kind: 'unavailable', error: { code: 'ECONNREFUSED' } })
})

async function open(t: Test) {
  const api = await startFakeApiServer(t)
  const sink = podEventsOf(api.config, 'usher-lock', 'n1')
  return {
    api,
    sink,
    async ask(verb: 'create' | 'update', of: PodEvent, answer: (request: FakeRequest) => void) {
      const asked = sink[verb](of, signal)
      const request = await api.next()
      answer(request)
      return { request, answer: await asked }
    },
  }
}
