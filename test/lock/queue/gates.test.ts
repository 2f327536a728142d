import t from 'tap'
import { QueueStory } from '../../support/queue-story.ts'

t.test('grants nobody while a gate is closed, be a core idle or not', async (t) => {
  const story = new QueueStory({ permits: 2 })
  story.apply({ kind: 'gate', name: 'dns', open: false, reason: 'no answer' })
  story.apply({ kind: 'gate', name: 'registry', open: false, reason: 'refused' })
  story.pod('a')
  story.pod('b')
  story.load(4, 3)
  story.apply({ kind: 'gate', name: 'dns', open: true, reason: '' })
  t.strictSame(story.told(), ['0 gate dns closed', '0 gate registry closed', '3 gate dns open'])
  story.apply({ kind: 'gate', name: 'registry', open: true, reason: '' })
  t.strictSame(story.told(), ['3 gate registry open', '3 granted a floor', '3 granted b floor'])
})

t.test('a gate that stays closed counts as open after its maximum wait, until it has been open', async (t) => {
  const story = new QueueStory({ gateMaxWaitMs: 60_000, permits: 2 })
  story.apply({ kind: 'gate', name: 'dns', open: false, reason: 'no answer' })
  story.pod('a')
  story.until(30)
  story.apply({ kind: 'gate', name: 'dns', open: false, reason: 'refused' })
  t.equal([...story.queue.closedGates()][0]?.reason, 'refused')
  story.until(70)
  story.apply({ kind: 'gate', name: 'dns', open: false, reason: 'refused' })
  story.pod('b')
  t.strictSame(story.told(), ['0 gate dns closed', '60 gate dns overdue', '60 granted a floor', '70 granted b floor'])
  for (const open of [true, false]) story.apply({ kind: 'gate', name: 'dns', open, reason: '' })
  for (const uid of ['a', 'b']) story.apply({ kind: 'ready', uid })
  story.pod('c')
  story.until(129)
  t.notMatch(story.told().join('; '), /granted c/)
  story.until(130)
  t.strictSame(story.told(), ['130 gate dns overdue', '130 granted c floor'])
})

t.test('a maximum wait of 0 has no end', async (t) => {
  const story = new QueueStory({ gateMaxWaitMs: 0 })
  story.apply({ kind: 'gate', name: 'dns', open: false, reason: 'no answer' })
  story.pod('a')
  t.equal(story.queue.nextChangeAt(), undefined)
  story.until(86_400)
  t.strictSame(story.told(), ['0 gate dns closed'])
})
