import t from 'tap'
import { Queue } from '../../../src/lock/queue/queue.ts'
import { defaultQueueSettings } from '../../../src/lock/queue/settings.ts'
import { QueueStory, request } from '../../support/queue-story.ts'

t.test('a pod that crash-loops loses its turn at once to who waits', async (t) => {
  const story = new QueueStory({ strict: true })
  story.pod('holder')
  story.pod('a')
  story.until(5)
  story.apply({ kind: 'crashing', uid: 'holder' })
  t.strictSame(story.told(), ['0 granted holder floor', '5 released holder crash-loop', '5 granted a floor'])
  story.until(200)
  t.strictSame(story.told(), ['125 released a lease-end'], 'who comes after it crash-loops not')
})

t.test('while nobody waits it keeps its turn, until somebody comes', async (t) => {
  const story = new QueueStory({ strict: true })
  story.pod('holder')
  story.apply({ kind: 'crashing', uid: 'holder' })
  story.until(60)
  t.equal(story.queue.used, 1)
  story.pod('a')
  t.strictSame(story.told(), ['0 granted holder floor', '60 released holder crash-loop', '60 granted a floor'])
})

t.test('an anonymous client is one who waits, and so is one that only asks', async (t) => {
  for (const waits of [true, false]) {
    const story = new QueueStory({ strict: true })
    story.pod('holder')
    story.apply({ kind: 'crashing', uid: 'holder' })
    const key = story.anonymous({ waits })
    t.strictSame(story.told(), ['0 granted holder floor', '0 released holder crash-loop', `0 granted ${key} floor`])
  }
})

t.test('a pod that is away waits still, and who crash-loops loses its turn to it', async (t) => {
  const story = new QueueStory({ strict: true })
  story.pod('holder')
  story.pod('a', { waits: false })
  story.until(5)
  story.apply({ kind: 'crashing', uid: 'holder' })
  t.strictSame(story.told(), ['0 granted holder floor', '5 released holder crash-loop', '5 granted a floor'])
})

t.test('it loses its turn to who waits behind a closed gate, too', async (t) => {
  const story = new QueueStory({ strict: true })
  story.pod('holder')
  story.apply({ kind: 'gate', name: 'dns', open: false, reason: 'no answer' })
  story.pod('a')
  story.apply({ kind: 'crashing', uid: 'holder' })
  t.strictSame(story.told(), ['0 granted holder floor', '0 gate dns closed', '0 released holder crash-loop'])
})

t.test('it loses its turn for nobody who is granted without: by a permit, an idle core, or the end of its wait', async (t) => {
  const permit = new QueueStory({ strict: true, permits: 2 })
  const core = new QueueStory()
  const end = new QueueStory({ strict: true })
  for (const story of [permit, core, end]) {
    story.pod('holder')
    story.apply({ kind: 'crashing', uid: 'holder' })
    story.load(1, 2)
    story.pod('a', { leftMs: story === end ? 500 : undefined })
    t.equal(story.queue.lease('uid:holder')?.crashing, true)
  }
  t.strictSame(permit.told(), ['0 granted holder floor', '2 granted a floor'])
  t.strictSame(core.told(), ['0 granted holder floor', '2 granted a idle-core'])
  t.strictSame(end.told(), ['0 granted holder floor', '2 granted a overdue'])
})

t.test('of several the oldest loses its turn first, and no more of them than are needed', async (t) => {
  const story = new QueueStory({ strict: true, permits: 3 })
  for (const uid of ['a', 'b', 'c']) story.pod(uid)
  for (const uid of ['c', 'b', 'a']) story.apply({ kind: 'crashing', uid })
  story.told()
  story.pod('d')
  t.strictSame(story.told(), ['0 released a crash-loop', '0 granted d floor'])
  story.pod('heavy', { weight: 2 })
  t.strictSame(story.told(), ['0 released b crash-loop', '0 released c crash-loop', '0 granted heavy floor'])
})

t.test('all of them lose their turns to who waits on for more', async (t) => {
  const story = new QueueStory({ strict: true, permits: 2 })
  story.pod('healthy')
  story.pod('broken')
  story.pod('heavy', { weight: 2 })
  story.told()
  story.apply({ kind: 'crashing', uid: 'broken' })
  t.strictSame(story.told(), ['0 released broken crash-loop'])
  story.apply({ kind: 'ready', uid: 'healthy' })
  t.strictSame(story.told(), ['0 released healthy ready', '0 granted heavy floor'])
})

t.test('a turn beside the permits is lost as well', async (t) => {
  const story = new QueueStory({ strict: true })
  story.pod('healthy')
  story.pod('broken', { leftMs: 500 })
  story.apply({ kind: 'crashing', uid: 'broken' })
  story.pod('a')
  t.strictSame(story.told(), ['0 granted healthy floor', '0 granted broken overdue', '0 released broken crash-loop'])
})

t.test('what was said of a crash loop stays, whatever is said after it', async (t) => {
  const story = new QueueStory({ strict: true })
  story.pod('holder')
  story.apply({ kind: 'crashing', uid: 'holder' })
  story.pod('holder')
  story.apply({ kind: 'delivered', key: 'uid:holder' })
  story.apply({ kind: 'started', uid: 'holder', hasProbes: true })
  story.told()
  story.pod('a')
  t.strictSame(story.told(), ['0 released holder crash-loop', '0 granted a floor'])
})

t.test('to ask again for its own turn takes it from nobody', async (t) => {
  const story = new QueueStory({ strict: true })
  story.pod('holder')
  story.apply({ kind: 'crashing', uid: 'holder' })
  story.pod('holder')
  t.strictSame(story.told(), ['0 granted holder floor', '0 granted holder again'])
})

t.test('while nobody waits its turn ends as any other', async (t) => {
  const story = new QueueStory({ strict: true, permits: 4 })
  for (const uid of ['gone', 'returned', 'ready', 'ended']) {
    story.pod(uid)
    story.apply({ kind: 'crashing', uid })
  }
  story.told()
  story.until(1)
  story.apply({ kind: 'gone', uid: 'gone' })
  story.apply({ kind: 'given-back', key: 'uid:returned' })
  story.apply({ kind: 'ready', uid: 'ready' })
  t.equal(story.queue.nextChangeAt(), 120_000)
  story.until(120)
  t.strictSame(story.told(), ['1 released gone gone', '1 released returned given-back', '1 released ready ready', '120 released ended lease-end'])
})

t.test('takes nothing from a pod that waits, and tells nothing of the turn it will have', async (t) => {
  const story = new QueueStory({ strict: true })
  for (const uid of ['holder', 'a', 'b']) story.pod(uid)
  story.told()
  story.apply({ kind: 'crashing', uid: 'a' })
  story.apply({ kind: 'crashing', uid: 'never' })
  t.strictSame(story.told(), [])
  story.apply({ kind: 'ready', uid: 'holder' })
  story.until(10)
  t.strictSame(story.told(), ['0 released holder ready', '0 granted a floor'])
})

t.test('a pod that has lost its turn may wait for another', async (t) => {
  const story = new QueueStory({ strict: true })
  for (const uid of ['broken', 'a']) story.pod(uid)
  story.apply({ kind: 'crashing', uid: 'broken' })
  story.pod('broken')
  story.told()
  story.apply({ kind: 'ready', uid: 'a' })
  t.strictSame(story.told(), ['0 released a ready', '0 granted broken floor'])
  story.pod('b')
  t.strictSame(story.told(), [], 'and nothing is known against it')
})

t.test('what is known of a crash loop outlasts a restart', async (t) => {
  const story = new QueueStory({ strict: true })
  story.pod('holder')
  story.apply({ kind: 'crashing', uid: 'holder' })
  const queue = Queue.restore(story.queue.state(), { ...defaultQueueSettings, strict: true }, 3_000)
  t.strictSame(queue.apply({ kind: 'tick' }, 3_000), [])
  const decisions = queue.apply({ ...request, uid: 'a' }, 4_000)
  t.match(decisions, [{ kind: 'placed' }, { kind: 'released', key: 'uid:holder', cause: 'crash-loop' }, { kind: 'granted', key: 'uid:a' }])
})
