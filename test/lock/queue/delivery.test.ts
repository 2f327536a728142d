import t from 'tap'
import { QueueStory } from '../../support/queue-story.ts'

t.test('an anonymous client that goes away loses its place at once', async (t) => {
  const story = new QueueStory()
  story.pod('holder')
  const key = story.anonymous()
  story.told()
  story.apply({ kind: 'left', key })
  t.strictSame(story.told(), [`0 dropped ${key} left`])
})

t.test('a pod that goes away keeps its place for ten seconds, unless it asks again', async (t) => {
  const story = new QueueStory()
  story.pod('holder')
  for (const uid of ['a', 'b']) story.pod(uid)
  story.told()
  for (const uid of ['a', 'b']) story.apply({ kind: 'left', key: `uid:${uid}` })
  story.until(9)
  story.pod('b')
  story.until(20)
  t.strictSame(story.told(), ['10 dropped a left'])
})

t.test('a pod with two requests is there until both are over, and one that is away goes away but once', async (t) => {
  const story = new QueueStory()
  story.pod('holder')
  story.pod('a')
  story.pod('a')
  story.told()
  story.apply({ kind: 'left', key: 'uid:a' })
  story.until(15)
  t.strictSame(story.told(), [])
  story.apply({ kind: 'left', key: 'uid:a' })
  story.until(20)
  story.apply({ kind: 'left', key: 'uid:a' })
  story.until(40)
  t.strictSame(story.told(), ['25 dropped a left'])
})

t.test('a pod that does not wait keeps its place as if it had gone away, an anonymous client has none', async (t) => {
  const story = new QueueStory()
  story.pod('holder')
  story.pod('a', { waits: false })
  const key = story.anonymous({ waits: false })
  story.until(20)
  t.strictSame(story.told(), ['0 granted holder floor', `0 dropped ${key} left`, '10 dropped a left'])
})

t.test('a lease that is granted to a pod that is away is unclaimed ten seconds after it went', async (t) => {
  const story = new QueueStory()
  story.pod('holder')
  for (const uid of ['a', 'b']) story.pod(uid)
  story.apply({ kind: 'left', key: 'uid:a' })
  story.until(4)
  story.told()
  story.apply({ kind: 'ready', uid: 'holder' })
  story.until(20)
  t.strictSame(story.told(), ['4 released holder ready', '4 granted a floor', '10 released a unclaimed', '10 granted b floor'])
})

t.test('a lease that is granted to a pod that is away is its own when it asks in time', async (t) => {
  const story = new QueueStory()
  story.pod('holder')
  story.pod('a', { waits: false })
  story.apply({ kind: 'ready', uid: 'holder' })
  story.until(5)
  story.told()
  story.pod('a', { waits: false })
  story.apply({ kind: 'delivered', key: 'uid:a' })
  story.until(119)
  t.strictSame(story.told(), ['5 granted a again'])
})

t.test('an answer that does not arrive gives an anonymous lease to the next one', async (t) => {
  const story = new QueueStory()
  const [first, second] = [story.anonymous(), story.anonymous()]
  story.told()
  story.apply({ kind: 'left', key: first })
  t.strictSame(story.told(), [`0 released ${first} unclaimed`, `0 granted ${second} floor`])
  story.apply({ kind: 'delivered', key: second })
  story.apply({ kind: 'left', key: second })
  t.strictSame(story.told(), [], 'a delivered one stays')
})
