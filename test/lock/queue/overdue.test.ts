import t from 'tap'
import { QueueStory } from '../../support/queue-story.ts'

t.test('clients that give up together are granted before, a second apart', async (t) => {
  const story = new QueueStory({ strict: true })
  story.pod('holder', { leaseMs: 3_600_000 })
  for (const uid of ['a', 'b', 'c', 'd', 'e']) story.pod(uid, { leftMs: 240_000 })
  story.told()
  story.until(300)
  const times = [['a', 235], ['b', 236], ['c', 237], ['d', 238], ['e', 239]] as const
  t.strictSame(story.told().filter((line) => line.includes('granted')), times.map(([uid, at]) => `${at} granted ${uid} overdue`))
})

t.test('a single one is granted a second before its end, and takes no permit', async (t) => {
  const story = new QueueStory({ strict: true })
  story.pod('holder')
  story.pod('a', { leftMs: 30_000 })
  story.pod('patient')
  story.told()
  story.until(29)
  t.strictSame(story.told(), ['29 granted a overdue'])
  t.equal(story.queue.lease('uid:a')?.permits, 0)
  t.equal(story.queue.used, 1)
  story.until(119)
  t.strictSame(story.told(), [], 'who has not said how long it waits is not overdue')
})

t.test('those who come too late for that follow a second apart, until their waits are over', async (t) => {
  const story = new QueueStory({ strict: true })
  story.pod('holder')
  for (const [uid, leftMs] of [['given up', 0], ['a', 900], ['b', 1_900], ['c', 1_900]] as const) story.pod(uid, { leftMs })
  story.until(5)
  t.strictSame(story.told(), ['0 granted holder floor', '0 granted a overdue', '1 granted b overdue'])
})

t.test('a short wait is no way to overtake: of those who are due, who came first goes first', async (t) => {
  const story = new QueueStory({ strict: true })
  story.pod('holder', { leaseMs: 3_600_000 })
  for (let index = 0; index < 20; index++) story.pod(`pod-${index}`, { leftMs: 240_000 })
  for (let second = 1; second < 240; second++) {
    story.until(second)
    for (const name of ['x', 'y']) story.pod(`${name}${second}`, { leftMs: 1_500 })
  }
  story.until(240)
  const granted = story.told().filter((line) => line.includes('granted pod-'))
  t.equal(granted.length, 20, 'all are granted before their waits end')
  t.match(granted[0], /^2[12]\d granted pod-0 overdue$/, 'not before it is time')
})

t.test('an anonymous client is served from the floor alone, however short its wait is', async (t) => {
  const story = new QueueStory({ strict: true })
  story.pod('holder')
  story.anonymous({ leftMs: 1_000 })
  story.until(30)
  t.strictSame(story.told(), ['0 granted holder floor'])
})

t.test('who ends first goes first, whoever came first', async (t) => {
  const story = new QueueStory({ strict: true })
  story.pod('holder')
  for (const [uid, leftMs] of [['late', 50_000], ['soon', 20_000], ['sooner', 19_500]] as const) story.pod(uid, { leftMs })
  story.told()
  story.until(60)
  t.strictSame(story.told(), ['18 granted sooner overdue', '19 granted soon overdue', '49 granted late overdue'])
})

t.test('what a client last said of its wait counts', async (t) => {
  const story = new QueueStory({ strict: true })
  story.pod('holder')
  for (const leftMs of [5_000, 50_000]) story.pod('a', { leftMs })
  story.pod('b', { leftMs: 5_000 })
  story.pod('b')
  story.told()
  story.until(60)
  t.strictSame(story.told(), ['49 granted a overdue'])
})

t.test('who is overdue passes closed gates, and priority', async (t) => {
  const story = new QueueStory()
  story.apply({ kind: 'gate', name: 'dns', open: false, reason: 'no answer' })
  story.pod('high', { priority: 1_000 })
  story.pod('a', { leftMs: 20_000 })
  story.until(30)
  t.strictSame(story.told(), ['0 gate dns closed', '19 granted a overdue'])
})
