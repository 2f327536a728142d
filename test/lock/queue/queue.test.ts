import t from 'tap'
import { QueueStory, request } from '../../support/queue-story.ts'

t.test('grants as many as there are permits at once, and each that is given back to the next', async (t) => {
  const story = new QueueStory({ permits: 2 })
  for (const uid of ['a', 'b', 'c', 'd']) story.pod(uid)
  t.strictSame(story.told(), ['0 granted a floor', '0 granted b floor'])
  story.apply({ kind: 'given-back', key: 'uid:a' })
  t.strictSame(story.told(), ['0 released a given-back', '0 granted c floor'])
  story.apply({ kind: 'ready', uid: 'b' })
  t.strictSame(story.told(), ['0 released b ready', '0 granted d floor'])
  t.equal(story.queue.used, 2)
})

t.test('takes as many permits as a client weighs, and all of them for one that weighs more', async (t) => {
  const story = new QueueStory({ permits: 3 })
  story.pod('two', { weight: 2 })
  story.pod('one')
  story.pod('many', { weight: 100 })
  t.equal(story.queue.used, 3)
  story.apply({ kind: 'ready', uid: 'two' })
  t.equal(story.queue.used, 1)
  t.strictSame(story.told(), ['0 granted two floor', '0 granted one floor', '0 released two ready'])
  story.apply({ kind: 'ready', uid: 'one' })
  t.strictSame(story.told(), ['0 released one ready', '0 granted many floor'])
  t.equal(story.queue.used, 3)
  story.pod('late')
  t.strictSame(story.told(), [], 'many is alone')
})

t.test('lets nobody pass a heavy client at the head', async (t) => {
  const story = new QueueStory({ permits: 2 })
  story.pod('a')
  story.pod('heavy', { weight: 2 })
  story.pod('light')
  t.strictSame(story.told(), ['0 granted a floor'])
  story.apply({ kind: 'gone', uid: 'a' })
  story.apply({ kind: 'gone', uid: 'heavy' })
  t.strictSame(story.told(), ['0 released a gone', '0 granted heavy floor', '0 released heavy gone', '0 granted light floor'])
})

t.test('a lease ends by itself, and at the latest after an hour', async (t) => {
  const story = new QueueStory({ permits: 4 })
  story.pod('usual')
  story.pod('short', { leaseMs: 3_000 })
  story.pod('endless', { leaseMs: 86_400_000 })
  const anonymous = story.anonymous()
  story.until(7_200)
  const ends = ['3 released short lease-end', `10 released ${anonymous} lease-end`, '120 released usual lease-end', '3600 released endless lease-end']
  t.strictSame(story.told().slice(4), ends)
})

t.test('a lease for no time at all lets the next one go at once', async (t) => {
  const story = new QueueStory()
  story.pod('a', { leaseMs: 0 })
  story.pod('b', { leaseMs: 0 })
  story.pod('c')
  const a = ['0 granted a floor', '0 released a lease-end']
  t.strictSame(story.told(), [...a, '0 granted b floor', '0 released b lease-end', '0 granted c floor'])
})

t.test('holds a started pod without probes for ten seconds, and one with probes until it is ready', async (t) => {
  const story = new QueueStory({ permits: 3 })
  for (const uid of ['blind', 'probed', 'short']) story.pod(uid, { leaseMs: uid === 'short' ? 12_000 : undefined })
  story.until(5)
  story.told()
  for (const uid of ['blind', 'probed', 'short']) story.apply({ kind: 'started', uid, hasProbes: uid === 'probed' })
  story.until(8)
  story.apply({ kind: 'started', uid: 'blind', hasProbes: false })
  story.until(20)
  t.strictSame(story.told(), ['12 released short lease-end', '15 released blind blind-hold'], 'a second start adds nothing')
  story.apply({ kind: 'ready', uid: 'probed' })
  t.strictSame(story.told(), ['20 released probed ready'])
})

t.test('tells a pod that asks again of its own lease, or its own place', async (t) => {
  const story = new QueueStory()
  story.pod('a')
  story.apply({ kind: 'delivered', key: 'uid:a' })
  story.pod('b')
  story.pod('c')
  story.pod('b')
  story.pod('a', { leaseMs: 3_600_000 })
  t.strictSame(story.told(), ['0 granted a floor', '0 granted a again'])
  t.equal(story.queue.lease('uid:a')?.endsAt, 120_000, 'and it is no longer')
  t.strictSame(Array.from(story.queue.waiting(), ({ key, requests }) => [key, requests]), [['uid:b', 2], ['uid:c', 1]])
})

t.test('what a pod asks for the last time counts', async (t) => {
  const story = new QueueStory({ permits: 2 })
  story.pod('a')
  story.pod('b', { weight: 2 })
  story.pod('b', { weight: 1, leaseMs: 1_000 })
  story.until(1)
  t.strictSame(story.told(), ['0 granted a floor', '0 granted b floor', '1 released b lease-end'])
})

t.test('all of a pod that is gone, or gives back, is no more', async (t) => {
  const story = new QueueStory()
  story.pod('a')
  story.pod('b')
  story.pod('c')
  story.told()
  story.apply({ kind: 'gone', uid: 'b' })
  story.apply({ kind: 'given-back', key: 'uid:c' })
  story.apply({ kind: 'gone', uid: 'a' })
  story.apply({ kind: 'gone', uid: 'never' })
  t.strictSame(story.told(), ['0 dropped b gone', '0 dropped c given-back', '0 released a gone'])
  t.equal(story.queue.used + story.queue.waitingCount, 0)
})

t.test('turns away whom there is no room for, in all and of one peer, but nobody who has a place', async (t) => {
  const story = new QueueStory({ maxWaiting: 3, maxWaitingPerPeer: 2 })
  story.pod('holder')
  story.pod('a')
  story.pod('b')
  story.pod('c')
  story.pod('c', { peer: '10.0.0.2' })
  story.pod('d', { peer: '10.0.0.3' })
  story.pod('a')
  story.pod('holder')
  const rejected = ['0 rejected too-many-waiting-from-peer', '0 rejected too-many-waiting']
  t.strictSame(story.told(), ['0 granted holder floor', ...rejected, '0 granted holder again'])
  story.apply({ kind: 'gone', uid: 'a' })
  story.pod('d')
  t.equal(story.queue.waitingCount, 3)
  t.strictSame(story.told(), ['0 dropped a gone'])
})

t.test('who is about to go makes room for who comes', async (t) => {
  const story = new QueueStory({ maxWaiting: 1 })
  story.pod('a', { leaseMs: 5_000 })
  story.pod('b')
  story.told()
  story.apply({ ...request, uid: 'c' }, 5_000)
  t.strictSame([...story.queue.waiting()].map(({ key }) => key), ['uid:c'])
})

t.test('its clock never goes back', async (t) => {
  const story = new QueueStory()
  story.until(100)
  story.apply({ kind: 'tick' }, 50_000)
  t.equal(story.queue.state().now, 100_000)
  story.apply({ ...request, uid: 'a', leaseMs: 1_000 }, 0)
  t.equal(story.queue.lease('uid:a')?.endsAt, 101_000)
})
