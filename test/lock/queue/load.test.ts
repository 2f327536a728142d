import t from 'tap'
import { QueueStory } from '../../support/queue-story.ts'

/** A queue whose one permit is taken for an hour, and one anonymous client and three pods wait. */
function crowded(settings: ConstructorParameters<typeof QueueStory>[0] = {}): QueueStory {
  const story = new QueueStory(settings)
  story.pod('holder', { leaseMs: 3_600_000 })
  story.anonymous()
  for (const uid of ['a', 'b', 'c']) story.pod(uid)
  story.told()
  return story
}

t.test('an idle core grants one pod, beside the permits, and no anonymous client; the next once its load would show', async (t) => {
  const story = crowded()
  story.load(1.5, 6)
  t.strictSame(story.told(), ['1.5 granted a idle-core', '3 granted b idle-core', '4.5 granted c idle-core'])
  t.equal(story.queue.used, 1)
  t.equal(story.queue.waitingCount, 1)
})

t.test('several idle cores grant as many at once, less one for each whose load cannot show yet', async (t) => {
  const story = crowded()
  story.load(2.5, 1)
  t.strictSame(story.told(), ['0.5 granted a idle-core', '0.5 granted b idle-core'], 'the third is that of the holder')
  story.load(2.5, 1)
  t.strictSame(story.told(), ['1.5 granted c idle-core'], 'which is old enough now')
})

t.test('so many cores count as were idle in each reading of the last half second', async (t) => {
  const story = crowded()
  story.until(2)
  for (const cores of [8, 1.6, 8]) story.load(cores, 0.25)
  t.strictSame(story.told(), ['2.5 granted a idle-core', '2.5 granted b idle-core'])
  story.load(8, 0.25)
  t.strictSame(story.told(), ['3 granted c idle-core'])
})

t.test('a lease that has ended takes no core any more', async (t) => {
  const story = crowded()
  story.load(1.5, 1.5)
  story.apply({ kind: 'ready', uid: 'a' })
  t.strictSame(story.told(), ['1.5 granted a idle-core', '1.5 released a ready', '1.5 granted b idle-core'])
})

t.test('how many cores count as an idle one is a setting', async (t) => {
  const story = crowded({ idleCores: 0.5 })
  story.until(2)
  story.load(1, 0.5)
  t.strictSame(story.told(), ['2.5 granted a idle-core', '2.5 granted b idle-core'])
})

t.test('a core that was idle for a part of the last half second grants nobody', async (t) => {
  const story = crowded()
  for (let second = 0; second < 5; second++) {
    story.load(1, 0.25)
    story.load(0.7, 0.25)
  }
  t.strictSame(story.told(), [])
})

t.test('a reading of a longer time does not undo that the one before it showed no idle core', async (t) => {
  const story = crowded()
  story.load(0, 5)
  story.apply({ kind: 'load', idleCores: 4, pressure: undefined, windowMs: 5_000 })
  t.strictSame(story.told(), [])
  t.strictSame(story.queue.load.idle.at(-1), { cores: 4, since: 5_000 })
})

t.test('pressure above the bound grants nobody, whatever is idle', async (t) => {
  const story = crowded({ pressureBound: 40 })
  story.load(4, 3, 41)
  t.strictSame(story.told(), [])
  story.load(1, 0.75, 40)
  t.strictSame(story.told(), ['3.5 granted a idle-core'])
})

t.test('readings that no longer come grant nobody', async (t) => {
  const story = crowded()
  story.load(1, 2)
  story.until(3.5)
  t.strictSame(story.told(), ['1.5 granted a idle-core', '3 granted b idle-core'])
  story.until(30)
  t.strictSame(story.told(), [])
  story.load(4, 1)
  t.strictSame(story.told(), ['30.5 granted c idle-core'], 'nor does the time without them count')
})

t.test('a first reading counts for its own time, half a second at the most', async (t) => {
  const story = crowded()
  story.until(10)
  story.apply({ kind: 'load', idleCores: 1, pressure: undefined, windowMs: 250 })
  t.equal(story.queue.nextChangeAt(), 10_250)
  story.until(20)
  story.apply({ kind: 'load', idleCores: 1, pressure: undefined, windowMs: 60_000 })
  t.strictSame(story.told(), ['10.25 granted a idle-core', '20 granted b idle-core'])
})

t.test('where it is strict an idle core grants nobody', async (t) => {
  const story = crowded({ strict: true })
  story.load(4, 5)
  t.strictSame(story.told(), [])
})
