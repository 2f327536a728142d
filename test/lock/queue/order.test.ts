import t from 'tap'
import { QueueStory } from '../../support/queue-story.ts'

t.test('serves the higher priority first, and of the same whoever came first', async (t) => {
  const story = new QueueStory({ strict: true })
  story.pod('holder')
  for (const [uid, priority] of [['low', -5], ['first', 0], ['second', 0], ['high', 1_000]] as const) story.pod(uid, { priority })
  const places = [...story.queue.waiting()]
  t.strictSame(places.map((place) => [place.key, story.queue.ahead(place)]), [['uid:low', 3], ['uid:first', 1], ['uid:second', 2], ['uid:high', 0]])
  story.told()
  for (const uid of ['holder', 'high', 'first', 'second']) story.apply({ kind: 'ready', uid })
  t.strictSame(story.told().filter((line) => line.includes('granted')), ['high', 'first', 'second', 'low'].map((uid) => `0 granted ${uid} floor`))
})

t.test('after a minute nobody who came later passes, whatever their priority', async (t) => {
  const story = new QueueStory({ strict: true })
  story.pod('holder')
  story.pod('old')
  story.until(1)
  story.pod('high', { priority: 1_000 })
  story.until(59.999)
  const [old] = story.queue.waiting()
  t.equal(old === undefined ? undefined : story.queue.ahead(old), 1)
  story.until(60)
  t.equal(old === undefined ? undefined : story.queue.ahead(old), 0)
  story.told()
  story.apply({ kind: 'ready', uid: 'holder' })
  t.strictSame(story.told(), ['60 released holder ready', '60 granted old floor'])
})

t.test('who has waited for a minute behind a heavy one takes free permits at that moment', async (t) => {
  const story = new QueueStory({ permits: 2, strict: true })
  story.pod('holder')
  story.pod('filler', { leaseMs: 3_000 })
  story.pod('light')
  story.until(1)
  story.pod('heavy', { weight: 2, priority: 1_000 })
  story.until(5)
  t.strictSame(story.told(), ['0 granted holder floor', '0 granted filler floor', '3 released filler lease-end'])
  t.equal(story.queue.nextChangeAt(), 60_000)
  story.until(100)
  t.strictSame(story.told(), ['60 granted light floor'])
})
