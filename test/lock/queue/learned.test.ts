import t from 'tap'
import { QueueStory } from '../../support/queue-story.ts'

/** A queue whose one permit is taken for an hour by somebody whose load shows by now. */
function crowded(): QueueStory {
  const story = new QueueStory()
  story.pod('holder', { leaseMs: 3_600_000 })
  story.until(10)
  return story
}

t.test('as many that need less of a core are granted at once as fit into the idle cores', async (t) => {
  const story = crowded()
  for (const uid of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) story.pod(uid, { reserve: 0.3 })
  story.told()
  story.load(1.9, 0.5)
  t.strictSame(story.told(), ['a', 'b', 'c', 'd', 'e', 'f', 'g'].map((uid) => `10.5 granted ${uid} idle-core`), '7 × 0.3 × 0.8 are 1.68 cores')
  story.load(1.9, 1.5)
  t.strictSame(story.told(), ['12 granted h idle-core'], 'the load of the others shows by now')
})

t.test('a whole core must be idle, whatever a start needs of it', async (t) => {
  const story = crowded()
  story.pod('a', { reserve: 0.25 })
  story.told()
  story.load(0.79, 5)
  t.strictSame(story.told(), [])
  story.load(0.8, 0.5)
  t.strictSame(story.told(), ['15.5 granted a idle-core'])
})

t.test('light ones leave room for a heavy one, and never pass it', async (t) => {
  const story = crowded()
  for (const [uid, reserve] of [['light-1', 0.25], ['light-2', 0.25], ['heavy', undefined], ['light-3', 0.25]] as const) story.pod(uid, { reserve })
  story.told()
  story.load(1, 1)
  t.strictSame(story.told(), ['10.5 granted light-1 idle-core', '10.5 granted light-2 idle-core'], 'it would take 1.5 × 0.8 cores')
  story.load(1.25, 0.5)
  t.strictSame(story.told(), ['11.5 granted heavy idle-core'], 'and so much is idle now, but for the next one')
})

t.test('what is learned of those who wait counts at once, and can be taken back', async (t) => {
  const story = crowded()
  for (const uid of ['a', 'b', 'c']) story.pod(uid)
  story.told()
  story.load(0.8, 0.5)
  t.strictSame(story.told(), ['10.5 granted a idle-core'])
  story.apply({ kind: 'learned', uids: ['b', 'c', 'nobody'], reserve: 0.3 })
  t.strictSame(story.told(), [], 'what a takes was decided at its grant')
  story.load(1.1, 0.5)
  t.strictSame(story.told(), ['11 granted b idle-core'])
  story.apply({ kind: 'learned', uids: ['c'], reserve: 1 })
  t.equal(story.queue.place('uid:c')?.reserve, 1)
})

t.test('nothing is lighter than a quarter of a core, or heavier than one', async (t) => {
  const story = crowded()
  for (const [uid, reserve, bounded] of [['a', 0, 0.25], ['b', 7, 1], ['c', 0.5, 0.5], ['d', undefined, 1]] as const) {
    story.pod(uid, { reserve })
    t.equal(story.queue.place(`uid:${uid}`)?.reserve, bounded)
  }
  story.pod('c')
  t.equal(story.queue.place('uid:c')?.reserve, 1, 'the last request counts')
})

t.test('the floor is handed on as ever: a permit is one, however light its holder is', async (t) => {
  const story = new QueueStory()
  for (const uid of ['a', 'b']) story.pod(uid, { reserve: 0.25 })
  t.strictSame(story.told(), ['0 granted a floor'])
  story.apply({ kind: 'ready', uid: 'a' })
  t.strictSame(story.told(), ['0 released a ready', '0 granted b floor'])
})

t.test('whoever becomes the first by its age is granted when there is room for it', async (t) => {
  const story = crowded()
  story.pod('old', { reserve: 0.25 })
  story.until(69)
  story.pod('young', { priority: 10, leaseMs: 3_600_000 })
  story.pod('next', { priority: 10 })
  story.told()
  story.load(1, 0.5)
  t.strictSame(story.told(), ['69.5 granted young idle-core'], 'beside which there is room for a quarter of a core, and for no whole one')
  story.until(70.5)
  t.strictSame(story.told(), ['70 granted old idle-core'], 'when it has waited for a minute, with no reading meanwhile')
})
