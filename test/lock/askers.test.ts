import { connect } from 'node:net'
import t, { type Test } from 'tap'
import { Askers, type AskersAnswer, type UnknownPolicy } from '../../src/lock/askers.ts'
import { keyOf } from '../../src/lock/queue/queue.ts'
import { defaultQueueSettings, type QueueSettings } from '../../src/lock/queue/settings.ts'
import type { Ask } from '../../src/lock/request.ts'
import { type Answered, type Asked, LockInProcess } from '../support/lock-in-process.ts'
import { isProblem } from '../support/problem.ts'
import { until, within } from '../support/until.ts'

const settings: QueueSettings = { ...defaultQueueSettings, strict: true, permits: 10 }

/** A lock whose API server has not been heard yet. */
async function startingLock(t: Test, unknown: UnknownPolicy = 'anonymous'): Promise<LockInProcess> {
  const lock = await LockInProcess.start(settings, [], unknown)
  t.teardown(() => lock.close())
  lock.pods.state = 'starting'
  return lock
}

/** A lock that knows all pods, and none yet. */
async function syncedLock(t: Test, unknown?: UnknownPolicy): Promise<LockInProcess> {
  const lock = await startingLock(t, unknown)
  lock.pods.sync()
  return lock
}

/** Asks, and is held until more is known. */
async function park(t: Test, lock: LockInProcess, target: string, headers: Readonly<Record<string, string>> = {}): Promise<Asked> {
  const before = lock.clock.pending
  const asked = lock.ask(target, { headers })
  await lock.settled(`${target} is held`, () => lock.clock.pending === before + 1)
  t.equal(lock.service.queue.waitingCount + [...lock.service.queue.leases()].length, 0, 'the queue knows nothing of it')
  return asked
}

/** What somebody is answered who has been held. */
function answerTo({ answer }: Asked): Promise<Answered | undefined> {
  return within(10_000, 'it is answered', answer)
}

function is(t: Test, answer: Answered | undefined, code: Parameters<typeof isProblem>[2], message: string): void {
  const type = answer?.headers['content-type']
  isProblem(t, { status: answer?.status ?? 0, type: String(type), body: answer?.body ?? '' }, code, message)
}

const keysOf = ({ service: { queue } }: LockInProcess): string[] => [...queue.leases(), ...queue.waiting()].map(({ key }) => key)

t.test('a pod of the node asks as itself, under the name and with the priority that Kubernetes knows', async (t) => {
  const lock = await syncedLock(t)
  lock.service.setGate('closed', false, 'so that nobody is granted')
  lock.pods.put('a', { priority: 7 })
  const headers = { prefer: 'wait=60', 'usher-priority': '1000', 'usher-pod': 'else/where' }
  lock.ask('/?uid=a&priority=1000&pod=some/thing', { headers })
  await lock.settled('it waits', () => lock.service.queue.waitingCount === 1)
  t.match(lock.service.queue.place(keyOf('a')), { priority: 7, pod: 'shop/a' })
  lock.pods.put('b', { priority: -3 })
  lock.ask('/v1/leases', { method: 'POST', headers, body: JSON.stringify({ uid: 'b', priority: 1_000 }) })
  await lock.settled('both wait', () => lock.service.queue.waitingCount === 2)
  t.equal(lock.service.queue.place(keyOf('b'))?.priority, -3)
})

t.test('where nothing is known of pods, whoever names a uid is believed, without any priority', async (t) => {
  const lock = await startingLock(t, 'refuse')
  lock.pods.state = 'none'
  lock.pods.owners.set('127.0.0.1', 'another')
  t.equal((await lock.answer('/?uid=a&pod=shop/a&priority=9')).status, 200)
  t.equal((await lock.answer('/')).status, 200, 'anonymous clients are, too')
  t.strictSame(keysOf(lock), ['uid:a', 'anonymous:1'])
  t.match(lock.service.queue.lease(keyOf('a')), { pod: 'shop/a' })
})

t.test('a uid that is no pod’s is held for 2 s, then served as an anonymous client', async (t) => {
  const lock = await syncedLock(t)
  const asked = await park(t, lock, '/?uid=nobody&pod=shop/nobody')
  lock.clock.advance(1_999)
  t.strictSame(keysOf(lock), [])
  lock.clock.advance(1)
  t.equal((await answerTo(asked))?.status, 200)
  t.strictSame(keysOf(lock), ['anonymous:0'])
  t.equal((await lock.answer('/v1/leases/nobody')).status, 404)
})

t.test('or refused, where they are not to be served', async (t) => {
  const lock = await syncedLock(t, 'refuse')
  const asked = await park(t, lock, '/?uid=nobody')
  lock.clock.advance(2_000)
  is(t, await answerTo(asked), 'unknown-pod', 'a uid that is none')
  is(t, await lock.answer('/'), 'unknown-pod', 'no uid: at once')
  is(t, await lock.answer('/any/path', { method: 'PUT', headers: { prefer: 'wait=60' } }), 'unknown-pod', 'no uid, waiting')
  t.strictSame(keysOf(lock), [])
  t.match(await lock.metrics(), /usher_lock_rejected_total\{reason="unknown-pod"\} 3/)
  lock.pods.put('a')
  t.equal((await lock.answer('/?uid=a')).status, 200, 'a pod of the node is served')
})

t.test('without a uid one is an anonymous client, at once', async (t) => {
  const lock = await startingLock(t)
  t.equal((await lock.answer('/')).status, 200)
  lock.pods.sync()
  t.equal((await lock.answer('/')).status, 200)
  t.strictSame(keysOf(lock), ['anonymous:0', 'anonymous:1'])
})

t.test('a pod that is over is none of the node’s any more', async (t) => {
  for (const unknown of ['anonymous', 'refuse'] as const) {
    const lock = await syncedLock(t, unknown)
    lock.pods.put('a', { isOver: true })
    const answer = await lock.answer('/?uid=a')
    if (unknown === 'refuse') is(t, answer, 'unknown-pod', 'it is over')
    else t.equal(answer.status, 200)
    t.strictSame(keysOf(lock), unknown === 'refuse' ? [] : ['anonymous:0'])
  }
})

t.test('the address of another pod is refused, whoever the uid is', async (t) => {
  for (const unknown of ['anonymous', 'refuse'] as const) {
    const lock = await syncedLock(t, unknown)
    lock.pods.put('a')
    lock.pods.put('b')
    lock.pods.owners.set('127.0.0.2', 'b')
    is(t, await lock.answer('/?uid=a', { from: '127.0.0.2' }), 'not-your-address', unknown)
    t.equal((await lock.answer('/?uid=b', { from: '127.0.0.2' })).status, 200, 'its own is not')
    t.equal((await lock.answer('/?uid=a', { from: '127.0.0.3' })).status, 200, 'nor is one of nobody')
    t.strictSame(keysOf(lock), ['uid:b', 'uid:a'])
    t.match(await lock.metrics(), /usher_lock_rejected_total\{reason="not-your-address"\} 1/)
    const asked = lock.ask('/?uid=nobody', { from: '127.0.0.2' })
    await lock.settled('it has arrived', () => lock.open === 1)
    lock.clock.advance(2_000)
    is(t, await answerTo(asked), 'not-your-address', 'a uid that is none')
  }
})

t.test('before the first list, a uid is held until 4 s after the start, then believed', async (t) => {
  for (const unknown of ['anonymous', 'refuse'] as const) {
    const lock = await startingLock(t, unknown)
    lock.clock.advance(1_000)
    const asked = await park(t, lock, '/?uid=a&pod=shop/a')
    lock.clock.advance(2_999)
    t.strictSame(keysOf(lock), [])
    lock.clock.advance(1)
    t.equal((await answerTo(asked))?.status, 200)
    t.equal((await lock.answer('/?uid=b')).status, 200, 'later ones are not held')
    t.strictSame(keysOf(lock), ['uid:a', 'uid:b'])
    t.equal(lock.service.queue.lease(keyOf('a'))?.pod, 'shop/a')
  }
})

t.test('a pod that the first list names is served by it, once all of the list is there', async (t) => {
  const lock = await startingLock(t)
  const asked = await park(t, lock, '/?uid=a')
  lock.clock.advance(500)
  lock.pods.put('a', { priority: 4 })
  t.strictSame(keysOf(lock), [], 'others may come before it')
  lock.pods.sync()
  t.equal((await answerTo(asked))?.status, 200)
  t.strictSame(keysOf(lock), ['uid:a'])
})

t.test('those who have asked before the first list are served by priority, then by their arrival, not as it names them', async (t) => {
  const lock = await LockInProcess.start({ ...settings, permits: 1 }, [], 'anonymous')
  t.teardown(() => lock.close())
  lock.pods.state = 'starting'
  for (const uid of ['z', 'b', 'urgent']) await park(t, lock, `/?uid=${uid}&max-wait=200`, { prefer: 'wait=60' })
  for (const uid of ['b', 'urgent', 'z']) lock.pods.learn(uid, { priority: uid === 'urgent' ? 100 : 0 })
  lock.pods.sync()
  await lock.settled('one holds it', () => [...lock.service.queue.leases()].length === 1)
  const order: string[] = []
  for (let count = 0; count < 3; count++) {
    const [lease] = lock.service.queue.leases()
    order.push(lease?.pod ?? '')
    lock.service.giveBack(lease?.key ?? '')
  }
  t.strictSame(order, ['shop/urgent', 'shop/z', 'shop/b'])
})

t.test('a place that was restored keeps its priority while its pod is not known', async (t) => {
  const lock = await syncedLock(t)
  lock.service.setGate('closed', false, 'so that nobody is granted')
  lock.pods.put('high', { priority: 100 })
  lock.ask('/?uid=high', { headers: { prefer: 'wait=60' } })
  await lock.settled('it waits', () => lock.service.queue.waitingCount === 1)
  lock.pods.forget('high')
  lock.pods.state = 'lost'
  lock.ask('/?uid=high', { headers: { prefer: 'wait=60' } })
  await lock.settled('it asks again', () => lock.clock.pending > 0)
  t.equal(lock.service.queue.place(keyOf('high'))?.priority, 100)
})

t.test('a uid that the first list does not name has 2 s from its request on, as any new one', async (t) => {
  for (const [listAfterMs, answeredAfterMs] of [[500, 2_000], [1_900, 2_000], [3_800, 3_800]] as const) {
    const lock = await startingLock(t)
    const asked = await park(t, lock, '/?uid=nobody')
    lock.clock.advance(listAfterMs)
    lock.pods.sync()
    if (answeredAfterMs > listAfterMs) {
      lock.clock.advance(answeredAfterMs - listAfterMs - 1)
      t.strictSame(keysOf(lock), [], `listed after ${listAfterMs} ms`)
      lock.clock.advance(1)
    }
    t.equal((await answerTo(asked))?.status, 200)
    t.strictSame(keysOf(lock), ['anonymous:0'])
    t.equal(lock.clock.now(), answeredAfterMs)
  }
})

t.test('a list at the very end of the 4 s leaves a new pod its 2 s', async (t) => {
  const lock = await startingLock(t)
  lock.clock.advance(3_500)
  const asked = await park(t, lock, '/?uid=new')
  lock.clock.advance(400)
  lock.pods.sync()
  lock.clock.advance(1_599)
  t.strictSame(keysOf(lock), [])
  lock.pods.put('new')
  t.equal((await answerTo(asked))?.status, 200)
  t.strictSame(keysOf(lock), ['uid:new'])
})

t.test('a new pod of which the watch learns a moment later is served then', async (t) => {
  const lock = await syncedLock(t, 'refuse')
  const [a, b] = [await park(t, lock, '/?uid=a'), await park(t, lock, '/?uid=b')]
  lock.clock.advance(700)
  lock.pods.put('b', { priority: 3 })
  t.equal((await answerTo(b))?.status, 200)
  t.strictSame(keysOf(lock), ['uid:b'])
  lock.clock.advance(1_300)
  is(t, await answerTo(a), 'unknown-pod', 'the other is none')
  t.equal(lock.clock.pending, 1, 'the end of the lease is all that is awaited')
})

t.test('the wait that a client prefers counts from its request', async (t) => {
  const lock = await syncedLock(t)
  lock.service.setGate('closed', false, 'so that nobody is granted')
  const [long, short] = [lock.ask('/?uid=a', { headers: { prefer: 'wait=10' } }), lock.ask('/?uid=b', { headers: { prefer: 'wait=1' } })]
  await lock.settled('both have arrived', () => lock.open === 2)
  lock.clock.advance(1_500)
  lock.pods.put('a')
  t.equal(lock.service.queue.place(keyOf('a'))?.requests, 1)
  lock.clock.advance(500)
  t.equal((await answerTo(short))?.status, 423, 'it is held for as long as it takes to know it, and no longer')
  lock.clock.advance(7_999)
  await lock.settled('the other is held still', () => lock.open === 1)
  lock.clock.advance(1)
  t.equal((await answerTo(long))?.status, 423)
})

t.test('so does the time for which it will still wait', async (t) => {
  const lock = await syncedLock(t)
  lock.service.setGate('closed', false, 'so that nobody is granted')
  const asked = await park(t, lock, '/?uid=a&max-wait=10', { prefer: 'wait=60' })
  lock.clock.advance(1_500)
  lock.pods.put('a')
  t.equal(lock.service.queue.place(keyOf('a'))?.deadline, 10_000)
  lock.clock.advance(7_500)
  t.equal((await answerTo(asked))?.status, 200, 'it is granted before that is over')
})

t.test('while the API server is not heard, a uid that is not known is believed at once', async (t) => {
  for (const unknown of ['anonymous', 'refuse'] as const) {
    const lock = await syncedLock(t, unknown)
    lock.pods.put('known', { priority: 5 })
    lock.pods.state = 'lost'
    t.equal((await lock.answer('/?uid=new&pod=shop/new')).status, 200)
    t.equal((await lock.answer('/?uid=known')).status, 200)
    t.strictSame(keysOf(lock), ['uid:new', 'uid:known'])
    const { status } = await lock.answer('/')
    t.equal(status, unknown === 'refuse' ? 403 : 200, 'without a uid nothing else is known than before')
  }
})

t.test('a uid that is held when the API server is lost is believed at the end of its time', async (t) => {
  const lock = await syncedLock(t, 'refuse')
  const asked = await park(t, lock, '/?uid=new')
  lock.pods.state = 'lost'
  lock.clock.advance(2_000)
  t.equal((await answerTo(asked))?.status, 200)
  t.strictSame(keysOf(lock), ['uid:new'])
})

t.test('who goes while it is held leaves nothing behind', async (t) => {
  const lock = await syncedLock(t)
  const asked = await park(t, lock, '/?uid=a', { prefer: 'wait=60' })
  asked.request.destroy()
  await lock.settled('it has gone', () => lock.open === 0)
  t.equal(lock.clock.pending, 0)
  lock.pods.put('a')
  lock.pods.sync()
  lock.clock.advance(10_000)
  t.strictSame(keysOf(lock), [])
})

t.test('who goes once it has been served from there is as any other', async (t) => {
  const lock = await syncedLock(t)
  const asked = await park(t, lock, '/?uid=a', { prefer: 'wait=60' })
  lock.service.setGate('closed', false, 'so that nobody is granted')
  lock.pods.put('a')
  t.match(lock.service.queue.place(keyOf('a')), { requests: 1, absentSince: undefined })
  asked.request.destroy()
  await lock.settled('it has gone', () => lock.open === 0)
  t.match(lock.service.queue.place(keyOf('a')), { requests: 0, absentSince: 0 })
})

t.test('a CONNECT that breaks off while it is held leaves nothing behind', async (t) => {
  const lock = await syncedLock(t)
  const socket = connect(lock.port, '127.0.0.1')
  t.teardown(() => socket.destroy())
  socket.write('CONNECT lock:80?uid=a HTTP/1.1\r\nHost: lock\r\n\r\n')
  await until('it is held', () => lock.clock.pending === 1)
  socket.resetAndDestroy()
  await until('that is seen', () => lock.clock.pending === 0)
  lock.pods.put('a')
  t.strictSame(keysOf(lock), [])
})

t.test('closing judges all that are held by what is known, and holds nobody any more', async (t) => {
  for (const [state, unknown, status] of [['starting', 'refuse', 423], ['connected', 'anonymous', 423], ['connected', 'refuse', 403]] as const) {
    const lock = await startingLock(t, unknown)
    lock.pods.state = state
    const asked = await park(t, lock, '/?uid=a', { prefer: 'wait=60' })
    lock.service.setGate('closed', false, 'so that nobody is granted')
    await lock.close()
    const answer = await answerTo(asked)
    t.strictSame([answer?.status, answer?.headers['connection']], [status, 'close'], `${state}, ${unknown}`)
    t.equal(lock.clock.pending, 0)
  }
})

t.test('closed, it holds nobody: it would hold up the end', async (t) => {
  const lock = await syncedLock(t)
  const askers = new Askers({ service: lock.service, pods: lock.pods, clock: lock.clock, unknown: 'refuse' })
  askers.close()
  const given: AskersAnswer[] = []
  t.equal(askers.ask(askOf('a'), '127.0.0.1', 60_000, (answer) => given.push(answer)), undefined)
  t.strictSame(given, [{ kind: 'refused', reason: 'unknown-pod' }])
  t.equal(lock.clock.pending, 0)
})

t.test('tells of each request that is held, once', async (t) => {
  const lock = await syncedLock(t)
  let parked = 0
  const askers = new Askers({ service: lock.service, pods: lock.pods, clock: lock.clock, unknown: 'anonymous', onParked: () => parked++ })
  t.teardown(() => askers.close())
  lock.pods.put('a')
  for (const uid of ['a', 'b', 'c']) askers.ask(askOf(uid), '127.0.0.1', 0, () => {})
  t.equal(parked, 2)
  lock.pods.put('d')
  lock.clock.advance(2_000)
  t.equal(parked, 2)
})

function askOf(uid: string): Ask {
  return { uid, pod: undefined, weight: 1, leaseMs: undefined, leftMs: undefined }
}
