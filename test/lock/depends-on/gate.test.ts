import t, { type Test } from 'tap'
import { parseDependsOn } from '../../../src/depends-on/parse.ts'
import type { PodGate } from '../../../src/lock/depends-on/pod-gate.ts'
import { defaultQueueSettings, type QueueSettings } from '../../../src/lock/queue/settings.ts'
import { endpointSlice, workloadObject } from '../../support/fake-objects.ts'
import { type Answered, type Asked, LockInProcess } from '../../support/lock-in-process.ts'
import { conforms, type OpenApiDocument } from '../../support/openapi-document.ts'
import { isProblem } from '../../support/problem.ts'
import { within } from '../../support/until.ts'

const settings: QueueSettings = { ...defaultQueueSettings, strict: true, permits: 1 }
const redis = 'endpointslices/shop?kubernetes.io/service-name=redis'
const problem = 'application/problem+json'

/** A lock that knows all pods. */
async function startLock(t: Test): Promise<LockInProcess> {
  const lock = await LockInProcess.start(settings)
  t.teardown(() => lock.close())
  lock.pods.sync()
  return lock
}

function dependsOn(text: string, more: Partial<PodGate> = {}): { readonly gate: PodGate } {
  return { gate: { dependencies: parseDependsOn(text).dependencies, self: [], isAll: false, ...more } }
}

/** Asks, and is held. */
async function hold(lock: LockInProcess, uid: string, wait = 300): Promise<Asked> {
  const asked = lock.ask(`/?uid=${uid}`, { headers: { prefer: `wait=${wait}`, accept: problem } })
  await lock.settled(`${uid} is held`, () => lock.gate.find(uid)?.isConnected === true)
  return asked
}

function answerTo({ answer }: Asked): Promise<Answered | undefined> {
  return within(10_000, 'it is answered', answer)
}

function detailOf(answered: Answered | undefined): unknown {
  return JSON.parse(answered?.body ?? 'null').detail
}

t.test('a pod that depends on a Service is held without a permit, and granted when an endpoint is ready', async (t) => {
  const lock = await startLock(t)
  lock.pods.put('web', dependsOn('service/redis'))
  lock.pods.put('other')
  const asked = await hold(lock, 'web')
  t.strictSame(lock.objects.watched, [redis], 'nothing else is watched')
  lock.objects.list(redis, [endpointSlice('redis-1', 0, 2)])
  t.equal(lock.service.queue.waitingCount, 0, 'it has no place')
  t.equal((await lock.answer('/?uid=other')).status, 200, 'and no permit: another pod gets it')
  lock.service.giveBack('uid:other')

  lock.objects.put(redis, endpointSlice('redis-1', 1, 2))
  const answered = await answerTo(asked)
  t.equal(answered?.status, 200)
  t.equal(answered?.body, 'Lock acquired')
  t.equal(lock.gate.size, 0)
  t.strictSame(lock.objects.watched, [], 'and the watch ends')
})

t.test('what is healthy already costs one look, and no answer in between', async (t) => {
  const lock = await startLock(t)
  lock.pods.put('web', dependsOn('service/redis'))
  const asked = lock.ask('/?uid=web', { headers: { accept: problem } })
  await lock.settled('it is held for a first look', () => lock.gate.find('web')?.isConnected === true)
  lock.objects.list(redis, [endpointSlice('redis-1', 1)])
  t.equal((await answerTo(asked))?.status, 200)
})

t.test('a request that is not to be held is told what is waited for, once it is known or a moment is over', async (t) => {
  const lock = await startLock(t)
  lock.pods.put('web', dependsOn('service/redis, deployment/other/api:timeout=5m:on-timeout=fail'))
  const first = lock.ask('/?uid=web', { headers: { accept: problem, prefer: 'wait=0' } })
  await lock.settled('it is held for a first look', () => lock.gate.find('web')?.isConnected === true)
  lock.clock.advance(1_500)
  const answered = await answerTo(first)
  t.equal(answered?.status, 423)
  t.equal(answered?.headers['retry-after'], '0', 'it may come back at once to be held')
  t.equal(detailOf(answered), 'waiting for service/redis (not known yet), deployment/other/api (not known yet), 2 s')
  lock.objects.list(redis, [])
  lock.objects.list('deployments/other?api', [workloadObject('api', 1, 3, { namespace: 'other' })])
  const { dependencies, reason, position, detail } = JSON.parse((await lock.answer('/?uid=web', { headers: { accept: problem } })).body)
  t.equal(reason, 'dependencies')
  t.equal(position, 1)
  t.equal(detail, 'waiting for service/redis (there is none, or it has no endpoints), deployment/other/api (1 of 3 replicas ready), 2 s')
  t.strictSame(dependencies, [
    { target: 'service/redis', state: 'waiting', reason: 'there is none, or it has no endpoints', leftSeconds: 598.5, onTimeout: 'proceed' },
    { target: 'deployment/other/api', state: 'waiting', reason: '1 of 3 replicas ready', leftSeconds: 298.5, onTimeout: 'fail' },
  ])
  t.equal((await lock.answer('/?uid=web')).body, 'Locked', 'an older client sees what it knows')
})

t.test('all of them must be healthy at the same time; what vanishes is waited for again', async (t) => {
  const lock = await startLock(t)
  lock.pods.put('web', dependsOn('service/redis, deployment/api'))
  const asked = await hold(lock, 'web')
  lock.objects.list(redis, [endpointSlice('redis-1', 1)])
  lock.objects.list('deployments/shop?api', [workloadObject('api', 0, 1)])
  lock.objects.removed(redis, endpointSlice('redis-1', 1))
  lock.objects.put('deployments/shop?api', workloadObject('api', 1))
  t.equal(lock.gate.size, 1)
  lock.objects.put(redis, endpointSlice('redis-1', 1))
  t.equal((await answerTo(asked))?.status, 200)
})

t.test('it queues when it could start, behind those who came meanwhile', async (t) => {
  const lock = await startLock(t)
  for (const uid of ['holder', 'late']) lock.pods.put(uid)
  lock.pods.put('web', dependsOn('service/redis'))
  await hold(lock, 'web')
  lock.objects.list(redis, [])
  t.equal((await lock.answer('/?uid=holder')).status, 200)
  lock.clock.advance(120_000 - 1)
  lock.ask('/?uid=late', { headers: { prefer: 'wait=300' } })
  await lock.settled('it waits', () => lock.service.queue.waitingCount === 1)
  lock.objects.put(redis, endpointSlice('redis-1', 1))
  t.strictSame([...lock.service.queue.waiting()].map(({ key }) => key), ['uid:late', 'uid:web'])
})

t.test('after its timeout it goes on, and is told so before', async (t) => {
  const lock = await startLock(t)
  lock.pods.put('web', dependsOn('service/redis:timeout=20s'))
  const asked = await hold(lock, 'web')
  lock.objects.list(redis, [endpointSlice('redis-1', 0, 2)])
  lock.clock.advance(19_999)
  t.equal(lock.gate.size, 1)
  lock.clock.advance(1)
  const told = await answerTo(asked)
  t.equal(told?.status, 423)
  t.equal(detailOf(told), 'goes on without service/redis (0 of 2 endpoints ready, timed out after 20 s)')
  t.equal((await lock.answer('/?uid=web')).status, 200)
  t.match(await lock.metrics(), /usher_lock_dependency_waits_total\{outcome="timed-out"\} 1\n/)
})

t.test('after its timeout it fails, where its author wants that; and waits anew when it asks again', async (t) => {
  const lock = await startLock(t)
  lock.pods.put('web', dependsOn('deployment/api, service/redis:timeout=20s:on-timeout=fail'))
  const asked = await hold(lock, 'web')
  lock.objects.list(redis, [endpointSlice('redis-1', 0, 2)])
  lock.clock.advance(20_000)
  const failed = await answerTo(asked)
  isProblem(t, { status: failed?.status ?? 0, type: String(failed?.headers['content-type']), body: failed?.body ?? '' }, 'dependency-failed', 'service/redis (0 of 2 endpoints ready, timed out after 20 s)')
  t.equal(lock.gate.size, 0)
  await hold(lock, 'web')
  t.equal(lock.gate.find('web')?.since, lock.clock.now())
  t.match(await lock.metrics(), /usher_lock_dependency_waits_total\{outcome="failed"\} 1\n/)
})

t.test('one that could not be judged is not waited for: the right to see it is missing, or the API server is not heard', async (t) => {
  for (const { isDenied, afterMs, why } of [
    { isDenied: true, afterMs: 10_000, why: 'the lock has no right to see it' },
    { isDenied: false, afterMs: 60_000, why: 'the API server is not heard' },
  ]) {
    const lock = await startLock(t)
    lock.pods.put('web', dependsOn('service/redis:on-timeout=fail'))
    const asked = await hold(lock, 'web')
    lock.objects.failed(redis, isDenied)
    lock.clock.advance(afterMs - 1)
    t.equal(lock.gate.find('web')?.isConnected, true, 'it may be over in a moment')
    lock.clock.advance(1)
    t.equal(detailOf(await answerTo(asked)), `goes on without service/redis (${why})`)
    t.equal((await lock.answer('/?uid=web')).status, 200)
    t.match(await lock.metrics(), /usher_lock_dependency_waits_total\{outcome="not-judged"\} 1\n/)
  }
})

t.test('what was known before the API server fell silent counts while it is healthy', async (t) => {
  const lock = await startLock(t)
  lock.pods.put('first', dependsOn('service/redis, service/db'))
  await hold(lock, 'first')
  lock.objects.list(redis, [endpointSlice('redis-1', 1)])
  lock.objects.failed(redis, false)
  lock.clock.advance(60_000)
  t.strictSame(lock.gate.find('first')?.states.map(({ state }) => state), ['healthy', 'not-judged'])
})

t.test('a pod whose lock is turned off waits, and takes no permit', async (t) => {
  const lock = await startLock(t)
  lock.pods.put('web', dependsOn('service/redis', { isAll: true }))
  lock.pods.put('other')
  const asked = await hold(lock, 'web')
  t.equal((await lock.answer('/?uid=other')).status, 200)
  lock.objects.list(redis, [endpointSlice('redis-1', 1)])
  t.equal((await answerTo(asked))?.status, 200, 'though the only permit is taken')
  t.equal(lock.service.queue.lease('uid:web'), undefined)
})

t.test('those who wait for the same share a watch, which ends with the last of them', async (t) => {
  const lock = await startLock(t)
  for (const uid of ['a', 'b']) lock.pods.put(uid, dependsOn('service/redis'))
  await hold(lock, 'a')
  await hold(lock, 'b')
  t.strictSame(lock.objects.watched, [redis])
  lock.pods.remove('a')
  t.strictSame(lock.objects.watched, [redis])
  lock.pods.put('b', { isOver: true })
  t.strictSame(lock.objects.watched, [])
})

t.test('a pod that asks no more is forgotten after ten seconds, and one that asks again goes on', async (t) => {
  const lock = await startLock(t)
  lock.pods.put('web', dependsOn('service/redis'))
  const asked = await hold(lock, 'web')
  asked.request.destroy()
  await lock.settled('it is away', () => lock.gate.find('web')?.isConnected === false)
  lock.clock.advance(9_999)
  await hold(lock, 'web')
  t.equal(lock.gate.find('web')?.since, 0, 'its time has gone on')
  const again = lock.ask('/?uid=web', { headers: { prefer: 'wait=10' } })
  await lock.settled('it asks twice', () => lock.open === 1)
  lock.clock.advance(10_000)
  t.equal((await answerTo(again))?.status, 423)
  lock.clock.advance(10_000)
  t.equal(lock.gate.size, 0)
  t.strictSame(lock.objects.watched, [])
})

t.test('taking the annotation away lets a pod go on', async (t) => {
  const lock = await startLock(t)
  lock.pods.put('web', dependsOn('service/redis'))
  const asked = await hold(lock, 'web')
  lock.pods.put('web', dependsOn('service/redis, service/db'))
  t.equal(lock.objects.watched.length, 2)
  const { gate: _gate, ...without } = lock.pods.find('web') ?? {}
  lock.pods.remove('nobody')
  lock.pods.put('web', { ...without, ...({ gate: undefined } as object) })
  t.equal((await answerTo(asked))?.status, 200)
})

t.test('a cycle is named to those in it: by the template of what is waited for, and by who waits on this node', async (t) => {
  const lock = await startLock(t)
  lock.pods.put('web', dependsOn('deployment/api', { self: ['deployment/shop/web'] }))
  await hold(lock, 'web')
  const api = 'deployments/shop?api'
  lock.objects.list(api, [workloadObject('api', 0, 1, { annotations: { 'usher.dev/depends-on': 'deployment/shop/web' } })])
  t.strictSame(lock.gate.find('web')?.cycle, ['deployment/shop/api', 'deployment/shop/web'])
  t.match(lock.gate.find('web')?.detail, /; that waits for this pod, in a cycle: deployment\/shop\/api, deployment\/shop\/web$/)

  lock.pods.put('db', dependsOn('service/front'))
  lock.pods.put('front', dependsOn('service/store'))
  await hold(lock, 'db')
  await hold(lock, 'front')
  lock.objects.list('endpointslices/shop?kubernetes.io/service-name=store', [endpointSlice('store-1', 0, 1, ['db'])])
  t.equal(lock.gate.find('db')?.cycle, undefined, 'nothing says yet that front is behind its Service')
  lock.objects.list('endpointslices/shop?kubernetes.io/service-name=front', [endpointSlice('front-1', 0, 1, ['front'])])
  t.strictSame(lock.gate.find('db')?.cycle, ['service/shop/front', 'service/shop/store'])
})

t.test('two that wait for each other both go on after their timeouts', async (t) => {
  const lock = await startLock(t)
  lock.pods.put('web', dependsOn('deployment/api:timeout=10s', { self: ['deployment/shop/web'] }))
  lock.pods.put('api', dependsOn('deployment/web:timeout=20s', { self: ['deployment/shop/api'] }))
  const [web, api] = [await hold(lock, 'web'), await hold(lock, 'api')]
  lock.objects.list('deployments/shop?api', [workloadObject('api', 0, 1)])
  lock.objects.list('deployments/shop?web', [workloadObject('web', 0, 1)])
  t.strictSame(lock.gate.find('web')?.cycle, ['deployment/shop/api', 'deployment/shop/web'])
  lock.clock.advance(10_000)
  t.match(detailOf(await answerTo(web)), 'goes on without deployment/api (0 of 1 replicas ready, timed out after 10 s)')
  t.equal(lock.gate.find('api')?.isConnected, true, 'each has its own')
  lock.clock.advance(10_000)
  t.match(detailOf(await answerTo(api)), 'goes on without deployment/web (0 of 1 replicas ready, timed out after 20 s)')
})

t.test('a cycle through other namespaces tells a pod no names but those that its own namespace has written down', async (t) => {
  const lock = await startLock(t)
  lock.pods.put('web', dependsOn('deployment/pay/api', { self: ['deployment/shop/web'] }))
  lock.pods.put('vault', { namespace: 'pay', ...dependsOn('deployment/pay/secret-project', { self: ['deployment/pay/vault'] }) })
  await hold(lock, 'web')
  await hold(lock, 'vault')
  lock.objects.list('deployments/pay?api', [workloadObject('api', 0, 1, { namespace: 'pay', annotations: { 'usher.dev/depends-on': 'deployment/secret-project' } })])
  lock.objects.list('deployments/pay?secret-project', [workloadObject('secret-project', 0, 1, { namespace: 'pay', annotations: { 'usher.dev/depends-on': 'deployment/vault, deployment/shop/web' } })])
  const way = ['deployment/pay/api', 'deployment/pay/secret-project', 'deployment/shop/web']
  t.strictSame(lock.gate.find('web')?.cycle, way, 'who may read the state of the lock sees all of it')
  t.match(lock.gate.find('web')?.detail, /in a cycle: deployment\/pay\/api, something of another namespace, deployment\/shop\/web$/)
  t.strictSame(lock.gate.find('vault')?.cycle, ['deployment/pay/secret-project', 'deployment/pay/vault'])
  t.match(lock.gate.find('vault')?.detail, /in a cycle: deployment\/pay\/secret-project, deployment\/pay\/vault$/)
})

t.test('a restarted lock goes on counting the time of those who wait', async (t) => {
  const lock = await startLock(t)
  lock.pods.put('web', dependsOn('service/redis:timeout=1m'))
  await hold(lock, 'web')
  lock.clock.advance(30_000)
  await lock.crash()
  await lock.startAgain()
  const asked = await hold(lock, 'web')
  lock.objects.list(redis, [])
  lock.clock.advance(29_999)
  t.equal(lock.gate.size, 1)
  lock.clock.advance(1)
  t.match(detailOf(await answerTo(asked)), 'goes on without service/redis')
})

t.test('at the end of the lock all who wait are told that it is not yet', async (t) => {
  const lock = await LockInProcess.start(settings)
  lock.pods.sync()
  lock.pods.put('web', dependsOn('service/redis'))
  const asked = await hold(lock, 'web')
  await lock.close()
  t.equal((await answerTo(asked))?.status, 423)
  t.strictSame(lock.objects.watched, [])
})

t.test('readers see who waits for what', async (t) => {
  const lock = await startLock(t)
  lock.pods.put('web', dependsOn('service/redis'))
  await hold(lock, 'web')
  lock.objects.list(redis, [endpointSlice('redis-1', 0, 2)])
  const { gated, waiters } = JSON.parse((await lock.answer('/v1/state')).body)
  t.strictSame(waiters, [])
  const dependencies = [{ target: 'service/redis', state: 'waiting', reason: '0 of 2 endpoints ready', leftSeconds: 600, onTimeout: 'proceed' }]
  t.strictSame(gated, [{ pod: 'shop/web', waitedSeconds: 0, connected: true, dependencies }])
  const page = (await lock.answer('/status')).body
  t.match(page, 'Waiting for what they depend on')
  t.match(page, '<bdi>service/redis</bdi> <small>waited for: 0 of 2 endpoints ready')
  t.match(await lock.metrics(), /usher_lock_dependency_waiting 1\n/)
  t.match(await lock.metrics(), /usher_lock_dependency_watches 1\n/)
})

t.test('its answers are as the OpenAPI document says', async (t) => {
  const lock = await startLock(t)
  const document = JSON.parse((await lock.answer('/v1/openapi.json')).body) as OpenApiDocument
  lock.pods.put('web', dependsOn('deployment/api:timeout=20s:on-timeout=fail', { self: ['deployment/shop/web'] }))
  const asked = await hold(lock, 'web', 10)
  lock.objects.list('deployments/shop?api', [workloadObject('api', 0, 1, { annotations: { 'usher.dev/depends-on': 'deployment/web' } })])
  const check = (answered: Answered | undefined, path: string, status: number): void => {
    const { headers = {}, body = '', status: code = 0 } = answered ?? {}
    conforms(t, document, { status: code, headers: { 'content-type': String(headers['content-type']) }, body } as never, { method: 'GET', path, status }, path)
  }
  check(await lock.answer('/v1/state'), '/v1/state', 200)
  lock.clock.advance(10_000)
  check(await answerTo(asked), '/', 423)
  const again = await hold(lock, 'web')
  lock.clock.advance(10_000)
  check(await answerTo(again), '/', 424)
})

t.test('a pod may look at its wait, and end it, from where it has asked', async (t) => {
  const lock = await startLock(t)
  lock.pods.put('web', dependsOn('service/redis'))
  const asked = await hold(lock, 'web')
  lock.clock.advance(2_000)
  t.strictSame(JSON.parse((await lock.answer('/v1/leases/web')).body), { state: 'gated', pod: 'shop/web', waitedSeconds: 2 })
  const end = (target: string, from: string) => lock.answer(target, { method: 'DELETE', from })
  t.equal((await end('/v1/leases/web', '127.0.0.2')).status, 403)
  t.equal((await end('/v1/leases/web?pod=shop/other', '127.0.0.1')).status, 403)
  t.equal(lock.gate.size, 1)
  t.equal((await end('/v1/leases/web?pod=shop/web', '127.0.0.1')).status, 204)
  t.equal((await answerTo(asked))?.status, 423)
  t.equal(lock.gate.size, 0)
  t.equal((await end('/v1/leases/web', '127.0.0.1')).status, 404)
})
