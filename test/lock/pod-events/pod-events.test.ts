import t, { type Test } from 'tap'
import { up, waitingPod } from '../../support/fake-pods.ts'
import { PodEventsStory, startedAtMs } from '../../support/pod-events-story.ts'

t.test('a pod that waits is told of, again each minute, then its grant, and the end of its turn', async (t) => {
  const story = new PodEventsStory()
  story.ask('first', { duration: 3_600_000 })
  story.ask('web')
  await story.pass(130)
  t.strictSame(story.sink.told(), [
    '5 create web StartupLockWaiting: place 1 after 5 s, permits-taken: next (holder shop/first, 5 s)',
    '65 update web StartupLockWaiting x2: place 1 after 65 s, permits-taken: next (holder shop/first, 65 s)',
    '125 update web StartupLockWaiting x3: place 1 after 125 s, permits-taken: next (holder shop/first, 125 s)',
  ])
  story.giveBack('first')
  await story.pass(8)
  story.pods.put('web', up('web'))
  await story.pass(600)
  t.strictSame(story.sink.told(), [
    '130 create web StartupLockGranted: granted after 130 s: a permit was free',
    '138 create web StartupLockReleased: released after 8 s: ready; it had waited for 130 s',
  ])
  t.equal(story.clock.pending, 0, 'and nothing is left to do')
  t.equal(await story.metric('usher_lock_pod_events_total{reason="StartupLockWaiting",outcome="sent"}'), 3)
  t.equal(await story.metric('usher_lock_pod_events_total{reason="StartupLockReleased",outcome="sent"}'), 1)
})

t.test('where nobody waits for long, nothing is told', async (t) => {
  const story = new PodEventsStory({ settings: { permits: 3 } })
  for (let round = 0; round < 40; round++) {
    for (const name of ['a', 'b', 'c', 'd']) story.ask(`${name}${round}`)
    await story.pass(4.9)
    for (const name of ['a', 'b', 'c', 'd']) story.pods.put(`${name}${round}`, up(`${name}${round}`))
    await story.pass(1)
  }
  await story.pass(600)
  t.strictSame(story.sink.told(), [])
  t.equal(story.clock.pending, 0)
})

t.test('names pods of the same namespace alone, no uids, and why nobody is granted', async (t) => {
  const story = new PodEventsStory({ gates: ['tcp://db:5432'] })
  story.pods.put('uid-of-vault', { ...waitingPod('uid-of-vault'), namespace: 'bank', name: 'vault' })
  story.service.setGate('tcp://db:5432', true, 'connected')
  story.ask('uid-of-vault', { duration: 3_600_000 })
  story.ask('web')
  await story.pass(5)
  t.strictSame(story.sink.told(), ['5 create web StartupLockWaiting: place 1 after 5 s, permits-taken: next (holder not shown, 5 s)'])
  // It was closed until its first check, a moment ago: that counts.
  story.service.setGate('tcp://db:5432', false, 'connection refused')
  await story.pass(60)
  t.strictSame(story.sink.told(), [
    '65 update web StartupLockWaiting x2: place 1 after 65 s, gate-closed: waiting for tcp://db:5432 (connection refused, 65 s), next',
  ])
})

t.test('a turn that ends by its time is a warning that says what the pod lacks, though it has not waited', async (t) => {
  const story = new PodEventsStory()
  story.ask('slow')
  story.pods.put('slow', { ...up('slow'), isReady: false, containers: { total: 2, ready: 1, lacks: 'web: readiness probe' } })
  await story.pass(120)
  const [event] = story.sink.requests
  t.match(event, { type: 'Warning', firstAgoMs: 0, lastAgoMs: 0 })
  t.strictSame(story.sink.told(), [
    '120 create slow StartupLockExpired: taken back after 120 s: its time was over, and the pod is not ready (web: readiness probe)',
  ])
})

t.test('what the pod lacks is not told where that is old', async (t) => {
  const story = new PodEventsStory()
  story.ask('slow')
  story.pods.state = 'lost'
  await story.pass(120)
  t.strictSame(story.sink.told(), ['120 create slow StartupLockExpired: taken back after 120 s: its time was over'])
})

t.test('a turn that is taken back from a pod that crash-loops is a warning', async (t) => {
  const story = new PodEventsStory()
  story.ask('broken')
  story.ask('web')
  const crashing = { ...up('broken'), isReady: false, isCrashing: true, containers: { total: 1, ready: 0, lacks: 'app: CrashLoopBackOff' } }
  story.pods.put('broken', crashing)
  await story.pass(1)
  t.strictSame(story.sink.told(), [
    '0 create broken StartupLockExpired: taken back after 0 s: crash-looped, others waited, and the pod is not ready (app: CrashLoopBackOff)',
  ])
})

t.test('who asks for no time at all is not warned', async (t) => {
  const story = new PodEventsStory()
  story.ask('web', { duration: 0 })
  await story.pass(60)
  t.strictSame(story.sink.told(), [])
})

t.test('of a pod that is gone, or not known to Kubernetes, nothing is told', async (t) => {
  const story = new PodEventsStory()
  story.ask('first', { duration: 3_600_000 })
  for (const uid of ['deleted', 'failed', 'left']) story.ask(uid)
  story.askUnknown('unknown')
  story.askUnknown('anonymous')
  await story.pass(4)
  story.pods.remove('deleted')
  story.pods.put('failed', { isOver: true })
  story.giveBack('left')
  await story.pass(200)
  t.strictSame(story.sink.told(), [])
  story.giveBack('first')
  await story.pass(200)
  t.strictSame(story.sink.told(), [], 'nor of their turns')
})

t.test('what is over before its turn to be told comes is not told', async (t) => {
  const story = new PodEventsStory()
  story.ask('first', { duration: 3_600_000 })
  for (const uid of ['told', 'left', 'deleted']) story.ask(uid)
  await story.pass(6)
  story.giveBack('left')
  story.giveBack('told')
  story.giveBack('first')
  t.ok(story.service.queue.lease('uid:deleted'), 'its grant is due')
  story.pods.remove('deleted')
  await story.pass(60)
  told(t, story, [/^5 create told StartupLockWaiting/])
})

t.test('the end of a pod ends its turn, and nobody is told', async (t) => {
  const story = new PodEventsStory()
  story.ask('first', { duration: 3_600_000 })
  story.ask('web')
  await story.pass(30)
  story.giveBack('first')
  await story.pass(30)
  t.equal(story.sink.told().length, 2, 'it waited, and was granted')
  story.pods.put('web', { isOver: true })
  await story.pass(60)
  t.strictSame(story.sink.told(), [])
})

t.test('a pod that Kubernetes tells of late is told of then, and not before its next minute', async (t) => {
  const story = new PodEventsStory()
  story.ask('first', { duration: 3_600_000 })
  story.askUnknown('late')
  await story.pass(17)
  story.pods.put('late')
  await story.pass(60)
  told(t, story, [/^20 create late StartupLockWaiting: place 1 after 20 s/, /^65 update late StartupLockWaiting x2/])
})

t.test('a pod whose end is quicker than its Events is told of once, with all of it', async (t) => {
  const story = new PodEventsStory()
  story.ask('first', { duration: 3_600_000 })
  story.ask('other')
  story.ask('web')
  await story.pass(6)
  told(t, story, [/^5 create other StartupLockWaiting/], 'one each two seconds')
  story.giveBack('first')
  story.giveBack('other')
  story.pods.put('web', up('web'))
  await story.pass(20)
  told(t, story, [
    /^7 create web StartupLockReleased: released after 0 s: ready; it had waited for 6 s$/,
    /^9 create other StartupLockReleased: released after 0 s: given back; it had waited for 6 s$/,
  ], 'nor does it lose its turn to be told of by that')
})

t.test('goes on after a restart of the lock as if there had been none', async (t) => {
  const story = new PodEventsStory()
  story.ask('first', { duration: 3_600_000 })
  story.ask('web')
  await story.pass(30)
  story.restart()
  story.ask('web')
  await story.pass(100)
  told(t, story, [
    /^5 create web StartupLockWaiting: /,
    /^65 create web StartupLockWaiting x2: /,
    /^67 update web StartupLockWaiting x2: /,
    /^125 update web StartupLockWaiting x3: /,
  ], 'it does not know that there is one, and is told so')
  story.giveBack('first')
  await story.pass(1)
  story.restart()
  story.pods.put('web', up('web'))
  await story.pass(10)
  told(t, story, [/^130 create web StartupLockGranted/, /^131 create web StartupLockReleased/])
})

t.test('an Event that the API server has forgotten is created anew', async (t) => {
  const story = new PodEventsStory()
  story.ask('first', { duration: 3_600_000 })
  story.ask('web')
  await story.pass(10)
  story.sink.forget()
  await story.pass(60)
  told(t, story, [/^5 create/, /^65 update web StartupLockWaiting x2/, /^67 create web StartupLockWaiting x2/])
})

const gaveUp = 'no lock has answered at 10.0.0.1:8888 for 15 s (connection refused): the pod starts without the startup lock'

t.test('a pod that is seen to start without the lock is warned of, and counted', async (t) => {
  const story = new PodEventsStory()
  story.pods.put('web')
  await story.pass(20)
  const wait = { id: 'containerd://web-1', isFinished: true, message: gaveUp, finishedAt: startedAtMs + 18_000 }
  story.pods.put('web', { wait })
  story.pods.put('web', up('web', 1))
  story.pods.put('web', { wait: { ...wait } })
  story.pods.put('granted', up('granted'))
  await story.pass(600)
  t.match(story.sink.requests, [{ type: 'Warning', firstAgoMs: 2_000, lastAgoMs: 2_000 }])
  t.strictSame(story.sink.told(), [`20 create web StartedWithoutLock: ${gaveUp}`])
  t.equal(await story.metric('usher_lock_started_without_lock_total'), 1)
  const next = { ...wait, id: 'containerd://web-2', finishedAt: startedAtMs + 619_000 }
  story.pods.put('web', { wait: next })
  await story.pass(1)
  told(t, story, [/^620 create web StartedWithoutLock/], 'another start is another Event')
  t.equal(await story.metric('usher_lock_started_without_lock_total'), 2)
})

t.test('of the starts before its own, the lock tells the young ones', async (t) => {
  const story = new PodEventsStory()
  await story.pass(3_600)
  story.stop()
  const wait = (finishedAt: number | undefined) => ({
    wait: { id: 'containerd://1', isFinished: true, message: gaveUp, ...(finishedAt === undefined ? {} : { finishedAt: startedAtMs + finishedAt * 1_000 }) },
  })
  story.pods.put('old', wait(2_999))
  story.pods.put('young', wait(3_001))
  story.pods.put('unknown', wait(undefined))
  story.pods.put('over', { ...wait(3_500), isOver: true })
  story.restart()
  story.pods.put('new', wait(3_500))
  story.pods.put('older', wait(2_000))
  await story.pass(60)
  told(t, story, [/ create young StartedWithoutLock/, / create new StartedWithoutLock/])
  story.restart()
  await story.pass(60)
  told(t, story, [/ create new/], 'the API server says that this one is there')
  t.equal(await story.metric('usher_lock_pod_events_total{reason="StartedWithoutLock",outcome="sent"}'), 1)
})

t.test('with Events off, starts without the lock are counted still', async (t) => {
  const story = new PodEventsStory({ isOn: false })
  story.ask('first', { duration: 3_600_000 })
  story.ask('web')
  await story.pass(30)
  story.pods.put('web', { wait: { id: 'containerd://web-1', isFinished: true, message: gaveUp } })
  await story.pass(30)
  t.strictSame(story.sink.told(), [])
  t.equal(await story.metric('usher_lock_started_without_lock_total'), 1)
})

t.test('a stopped lock tells nothing more, and leaves no timer', async (t) => {
  const story = new PodEventsStory()
  story.ask('first', { duration: 3_600_000 })
  for (let count = 0; count < 5; count++) story.ask(`web${count}`)
  await story.pass(6)
  story.stop()
  story.sink.told()
  await story.pass(600)
  t.strictSame(story.sink.told(), [])
  t.equal(story.clock.pending, 0)
  t.equal(story.pods.watchers, 0)
})

/** All that was sent since the last look, and nothing else. */
function told(t: Test, story: PodEventsStory, patterns: readonly RegExp[], message = ''): void {
  const lines = story.sink.told()
  t.match(lines, patterns, message)
  t.equal(lines.length, patterns.length, lines.join('; '))
}
