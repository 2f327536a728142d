import t, { type Test } from 'tap'
import { keyOf } from '../../src/lock/queue/queue.ts'
import { defaultQueueSettings, type QueueSettings } from '../../src/lock/queue/settings.ts'
import type { PodFacts } from '../../src/lock/pods.ts'
import { up, upAt } from '../support/fake-pods.ts'
import { type Asked, LockInProcess } from '../support/lock-in-process.ts'

const settings: QueueSettings = { ...defaultQueueSettings, strict: true }

/** A lock over pods that are watched, and what it decides. */
async function watchingLock(t: Test): Promise<{ readonly lock: LockInProcess; readonly told: string[] }> {
  const lock = await LockInProcess.start(settings)
  t.teardown(() => lock.close())
  lock.pods.sync()
  return { lock, told: follow(lock) }
}

/** The leases that begin and end from now on, and the places that end otherwise. */
function follow({ service }: LockInProcess): string[] {
  const told: string[] = []
  service.follow((decision) => {
    const { kind } = decision
    if (kind === 'granted') told.push(`${nameOf(decision.key)} granted`)
    if (kind === 'released' || kind === 'dropped') told.push(`${nameOf(decision.key)} ${kind} ${decision.cause}`)
  })
  return told
}

const nameOf = (key: string): string => key.replace('uid:', '')

/** Has a pod ask that gets the lock at once. */
async function hold(t: Test, lock: LockInProcess, uid: string): Promise<void> {
  t.equal((await lock.answer(`/?uid=${uid}`)).status, 200, `${uid} has the lock`)
}

/** Has a pod ask, and wait in the queue. */
async function wait(lock: LockInProcess, uid: string): Promise<Asked> {
  const asked = lock.ask(`/?uid=${uid}`, { headers: { prefer: 'wait=300' } })
  await lock.settled(`${uid} waits`, () => lock.service.queue.place(keyOf(uid))?.requests === 1)
  return asked
}

/** What the status of a pod shows when the container that waits is of its so manieth start, and has finished. */
const started = (uid: string, start = 1): Partial<PodFacts> => ({ ...up(uid, start), isReady: false })

/** The same, while it waits. */
const waiting = (uid: string, start: number): Partial<PodFacts> => ({
  wait: { id: `containerd://${uid}-${start}`, isFinished: false, message: undefined },
  isStarted: false,
  isReady: false,
})

t.test('a turn ends when the containers of its pod are ready, and the next one begins', async (t) => {
  const { lock, told } = await watchingLock(t)
  lock.pods.put('a')
  lock.pods.put('b')
  await hold(t, lock, 'a')
  const asked = await wait(lock, 'b')
  lock.pods.put('a', started('a'))
  t.strictSame(told, ['a granted'], 'it has started alone')
  lock.pods.put('a', up('a'))
  t.strictSame(told, ['a granted', 'a released ready', 'b granted'])
  t.equal((await asked.answer)?.status, 200)
  t.ok(lock.service.queue.lease(keyOf('b'))?.claimed)
})

t.test('another pod that is ready ends no turn but its own', async (t) => {
  const { lock, told } = await watchingLock(t)
  for (const uid of ['a', 'b']) lock.pods.put(uid)
  await hold(t, lock, 'a')
  lock.pods.put('b', up('b'))
  t.strictSame(told, ['a granted'])
})

for (const hasProbes of [true, false]) {
  t.test(`the status of before a reboot counts for nothing, ${hasProbes ? 'with' : 'without'} probes`, async (t) => {
    const { lock, told } = await watchingLock(t)
    lock.pods.put('a', { ...up('a', 1), hasProbes })
    await hold(t, lock, 'a')
    lock.pods.put('a', { address: '10.1.0.9' })
    lock.pods.put('a', { isReady: false })
    lock.pods.put('a', { isReady: true })
    lock.pods.sync()
    lock.clock.advance(30_000)
    t.strictSame(told, ['a granted'], 'it is shown as ready by the old container')
    lock.pods.put('a', { ...waiting('a', 2), isStarted: true, isReady: true })
    lock.clock.advance(30_000)
    t.strictSame(told, ['a granted'], 'the new container waits')
    lock.pods.put('a', { ...started('a', 2), isStarted: false })
    lock.clock.advance(30_000)
    t.strictSame(told, ['a granted'], 'and is told')
    lock.pods.put('a', started('a', 2))
    lock.clock.advance(9_999)
    t.strictSame(told, ['a granted'], 'it has started')
    lock.pods.put('a', up('a', 2))
    lock.clock.advance(1)
    t.strictSame(told, ['a granted', `a released ${hasProbes ? 'ready' : 'blind-hold'}`])
  })
}

t.test('what the status showed at the first request counts as old, though the pod asks again', async (t) => {
  const { lock, told } = await watchingLock(t)
  lock.pods.put('a', up('a', 1))
  await hold(t, lock, 'a')
  lock.pods.put('a', waiting('a', 2))
  await hold(t, lock, 'a')
  lock.pods.put('a', up('a', 1))
  t.strictSame(told, ['a granted', 'a granted'])
  lock.pods.put('a', up('a', 2))
  t.strictSame(told, ['a granted', 'a granted', 'a released ready'])
})

t.test('of a pod of which nothing was known when it asked, only a container counts that has finished since its grant', async (t) => {
  const { lock, told } = await watchingLock(t)
  lock.pods.state = 'lost'
  for (const uid of ['a', 'b']) if (uid === 'a') await hold(t, lock, uid)
  else await wait(lock, uid)
  lock.pods.put('b', upAt('b', 1, -60_000))
  lock.pods.put('a', upAt('a', 1, -60_000))
  t.strictSame(told, ['a granted'], 'it is of an earlier start')
  lock.pods.put('a', upAt('a', 2, 0))
  t.strictSame(told, ['a granted', 'a released ready', 'b granted'])
  lock.pods.put('b', { address: '10.1.0.9' })
  t.equal(told.length, 3)
  lock.pods.put('b', waiting('b', 2))
  lock.pods.put('b', upAt('b', 2, 0))
  t.strictSame(told.slice(3), ['b released ready'])
})

t.test('the first list after a boot, late, with statuses of before it: nobody loses by it', async (t) => {
  const lock = await LockInProcess.start(settings)
  t.teardown(() => lock.close())
  lock.pods.state = 'starting'
  lock.clock.advance(4_000)
  const told = follow(lock)
  await hold(t, lock, 'a')
  for (const uid of ['b', 'c', 'd']) await wait(lock, uid)
  for (const uid of ['a', 'd', 'c', 'b']) lock.pods.put(uid, upAt(uid, 1, -60_000))
  lock.pods.sync()
  lock.pods.sync()
  t.strictSame(told, ['a granted'])
  lock.pods.put('a', upAt('a', 2, 0))
  lock.pods.put('b', waiting('b', 2))
  lock.pods.put('b', upAt('b', 2, 0))
  t.strictSame(told.slice(1), ['a released ready', 'b granted', 'b released ready', 'c granted'])
})

t.test('whoever has gone on while there was no lock waits no more after its restart', async (t) => {
  const { lock, told } = await watchingLock(t)
  lock.pods.put('a')
  await hold(t, lock, 'a')
  lock.pods.put('b')
  await wait(lock, 'b')
  lock.pods.learn('b', upAt('b', 1, 5_000))
  lock.pods.sync()
  t.strictSame(told, ['a granted', 'b dropped given-back'])
  t.equal(lock.service.queue.waitingCount, 0, 'b has no place')
})

t.test('a pod without probes is held blind from its start', async (t) => {
  const { lock, told } = await watchingLock(t)
  lock.pods.put('a', { hasProbes: false })
  await hold(t, lock, 'a')
  lock.clock.advance(20_000)
  t.strictSame(told, ['a granted'], 'its image takes its time')
  lock.pods.put('a', started('a'))
  lock.clock.advance(5_000)
  lock.pods.put('a', up('a'))
  lock.clock.advance(4_999)
  t.strictSame(told, ['a granted'], 'that it is ready says nothing')
  lock.clock.advance(1)
  t.strictSame(told, ['a granted', 'a released blind-hold'])
})

t.test('the start of a pod that has probes ends nothing: a turn ends by time where it is never ready', async (t) => {
  const { lock, told } = await watchingLock(t)
  lock.pods.put('a')
  await hold(t, lock, 'a')
  lock.pods.put('a', started('a'))
  lock.clock.advance(119_999)
  t.strictSame(told, ['a granted'])
  lock.clock.advance(1)
  t.strictSame(told, ['a granted', 'a released lease-end'])
})

t.test('a pod that crash-loops loses its turn to who waits, unless that is of before', async (t) => {
  const { lock, told } = await watchingLock(t)
  lock.pods.put('a', { ...started('a', 1), isStarted: false, isCrashing: true })
  lock.pods.put('b')
  await hold(t, lock, 'a')
  await wait(lock, 'b')
  lock.pods.put('a', { address: '10.1.0.9' })
  lock.pods.put('a', { ...waiting('a', 2), isCrashing: false })
  t.strictSame(told, ['a granted'])
  lock.pods.put('a', { ...started('a', 2), isStarted: false, isCrashing: true })
  t.strictSame(told, ['a granted', 'a released crash-loop', 'b granted'])
})

/** How a pod ends. */
const ends = {
  'is deleted': (lock, uid) => lock.pods.remove(uid),
  'is being deleted, or has finished': (lock, uid) => lock.pods.put(uid, { isOver: true }),
  'is gone by a list': (lock, uid) => {
    lock.pods.forget(uid)
    lock.pods.sync()
  },
} as const satisfies Readonly<Record<string, (lock: LockInProcess, uid: string) => void>>

for (const [how, end] of Object.entries(ends)) {
  t.test(`a pod that ${how} while it waits leaves the queue, and is answered`, async (t) => {
    const { lock, told } = await watchingLock(t)
    for (const uid of ['a', 'b', 'c']) lock.pods.put(uid)
    await hold(t, lock, 'a')
    const [b, c] = [await wait(lock, 'b'), await wait(lock, 'c')]
    end(lock, 'b')
    t.strictSame(told, ['a granted', 'b dropped gone'])
    t.equal((await b.answer)?.status, 423)
    lock.pods.put('a', up('a'))
    t.equal((await c.answer)?.status, 200, 'the next one moves up')
  })

  t.test(`a pod that ${how} while it holds the lock gives it up`, async (t) => {
    const { lock, told } = await watchingLock(t)
    lock.pods.put('a', up('a', 1))
    lock.pods.put('b')
    await hold(t, lock, 'a')
    const asked = await wait(lock, 'b')
    end(lock, 'a')
    t.strictSame(told, ['a granted', 'a released gone', 'b granted'], 'by its old status, too')
    t.equal((await asked.answer)?.status, 200)
  })

  for (const moment of ['just before', 'just after'] as const) {
    t.test(`a pod that ${how} ${moment} its grant, in the same tick, keeps nobody from the lock`, async (t) => {
      const { lock, told } = await watchingLock(t)
      for (const uid of ['a', 'b', 'c']) lock.pods.put(uid)
      await hold(t, lock, 'a')
      const [b, c] = [await wait(lock, 'b'), await wait(lock, 'c')]
      if (moment === 'just before') end(lock, 'b')
      lock.pods.put('a', up('a'))
      if (moment === 'just after') end(lock, 'b')
      const ofB = moment === 'just before' ? ['b dropped gone', 'a released ready'] : ['a released ready', 'b granted', 'b released gone']
      t.strictSame(told, ['a granted', ...ofB, 'c granted'])
      const [ofEnded, ofNext] = [await b.answer, await c.answer]
      t.equal(ofEnded?.status, moment === 'just before' ? 423 : 200)
      t.equal(ofNext?.status, 200)
      await lock.settled('all have been answered', () => lock.open === 0)
      t.strictSame([lock.service.queue.used, lock.service.queue.waitingCount], [1, 0])
    })
  }
}

t.test('a pod that is gone in the midst of the answer with its grant leaves no lease', async (t) => {
  const { lock, told } = await watchingLock(t)
  for (const uid of ['a', 'b']) lock.pods.put(uid)
  await hold(t, lock, 'a')
  const b = await wait(lock, 'b')
  const socket = lock.socketOf(b)
  if (socket === undefined) throw new Error('it is not connected')
  const write = socket.write.bind(socket)
  Object.assign(socket, {
    write(...args: Parameters<typeof write>): boolean {
      queueMicrotask(() => lock.pods.remove('b'))
      return write(...args)
    },
  })
  lock.pods.put('a', up('a'))
  t.equal((await b.answer)?.status, 200)
  await lock.settled('it has ended', () => lock.open === 0)
  t.strictSame(told, ['a granted', 'a released ready', 'b granted', 'b released gone'])
  t.strictSame(lock.service.queue.state().leases, [])
})

t.test('after a restart, what is known by then counts', async (t) => {
  for (const [what, meanwhile, expected] of [
    ['gone', (lock) => lock.pods.remove('a'), ['a released gone', 'b granted']],
    ['over', (lock) => lock.pods.put('a', { isOver: true }), ['a released gone', 'b granted']],
    ['ready', (lock) => lock.pods.put('a', up('a', 2)), ['a released ready', 'b granted']],
    ['starting still', (lock) => lock.pods.put('a', started('a', 2)), []],
    ['as before the reboot', (lock) => lock.pods.put('a', { address: '10.1.0.9' }), []],
  ] as const satisfies readonly (readonly [string, (lock: LockInProcess) => void, readonly string[]])[]) {
    const { lock } = await watchingLock(t)
    lock.pods.put('a', up('a', 1))
    lock.pods.put('b')
    await hold(t, lock, 'a')
    await wait(lock, 'b')
    lock.clock.advance(100)
    await lock.crash()
    lock.pods.state = 'starting'
    meanwhile(lock)
    await lock.startAgain()
    const told = follow(lock)
    t.strictSame(told, [], `${what}: it is not known yet`)
    lock.pods.sync()
    t.strictSame(told, expected, what)
  }
})

t.test('after a restart, a pod that is gone has no place any more, and nor has a uid that was none', async (t) => {
  const { lock } = await watchingLock(t)
  for (const uid of ['a', 'b', 'c']) lock.pods.put(uid)
  await hold(t, lock, 'a')
  for (const uid of ['b', 'c']) await wait(lock, uid)
  await lock.close()
  lock.pods.state = 'starting'
  lock.pods.remove('b')
  await lock.startAgain()
  lock.clock.advance(4_000)
  await wait(lock, 'nobody')
  const told = follow(lock)
  lock.pods.sync()
  t.strictSame(told, ['b dropped gone', 'nobody dropped gone'])
})

t.test('a lock that starts when all pods are known already takes them as they are', async (t) => {
  const { lock } = await watchingLock(t)
  lock.pods.put('a')
  await hold(t, lock, 'a')
  await lock.crash()
  lock.pods.put('a', up('a'))
  await lock.startAgain()
  t.equal(lock.service.queue.lease(keyOf('a')), undefined)
})

t.test('where nothing is known of pods, turns end by time', async (t) => {
  for (const state of ['none', 'starting', 'lost'] as const) {
    const { lock, told } = await watchingLock(t)
    lock.pods.state = state
    lock.clock.advance(4_000)
    await hold(t, lock, 'a')
    await wait(lock, 'b')
    lock.clock.advance(119_999)
    t.strictSame(told, ['a granted'], state)
    lock.clock.advance(1)
    t.strictSame(told, ['a granted', 'a released lease-end', 'b granted'], state)
  }
})

t.test('what is said of pods ends no turn of an anonymous client', async (t) => {
  const { lock, told } = await watchingLock(t)
  t.equal((await lock.answer('/')).status, 200)
  lock.pods.put('a', up('a'))
  lock.pods.sync()
  t.match(told, [/^anonymous:0 granted$/])
})

t.test('closed, it hears nothing more', async (t) => {
  const { lock, told } = await watchingLock(t)
  lock.pods.put('a')
  await hold(t, lock, 'a')
  await lock.close()
  t.equal(lock.pods.watchers, 0)
  lock.pods.put('a', up('a'))
  t.strictSame(told, ['a granted'])
})
