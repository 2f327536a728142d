import t from 'tap'
import { Queue } from '../../../src/lock/queue/queue.ts'
import { defaultQueueSettings } from '../../../src/lock/queue/settings.ts'
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

t.test('a gate that stays closed counts as open after its maximum wait, until it has been open for more than a minute', async (t) => {
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
  story.apply({ kind: 'gate', name: 'dns', open: true, reason: '' })
  story.until(131)
  story.apply({ kind: 'gate', name: 'dns', open: false, reason: '' })
  for (const uid of ['a', 'b']) story.apply({ kind: 'ready', uid })
  story.pod('c')
  story.until(190)
  t.notMatch(story.told().join('; '), /granted c/)
  story.until(191)
  t.strictSame(story.told(), ['191 gate dns overdue', '191 granted c floor'])
})

t.test('a gate that opens for a moment and closes again does not wait anew from zero', async (t) => {
  const story = new QueueStory({ gateMaxWaitMs: 120_000 })
  const gate = (open: boolean): void => void story.apply({ kind: 'gate', name: 'dns', open, reason: '' })
  gate(false)
  for (const second of [50, 70]) {
    story.until(second)
    gate(true)
    story.until(second + 10)
    gate(false)
  }
  story.pod('a')
  story.told()
  story.until(120)
  t.strictSame(story.told(), ['120 gate dns overdue', '120 granted a floor'], 'closed since 0')
  gate(true)
  story.until(150)
  gate(false)
  t.strictSame(story.told(), ['120 gate dns open', '150 gate dns closed', '150 gate dns overdue'], 'and one that was overdue still is')
})

t.test('how long a gate has been closed outlasts a restart, and so does that it has just opened', async (t) => {
  const settings = { ...defaultQueueSettings, gateMaxWaitMs: 120_000 }
  const story = new QueueStory(settings)
  for (const name of ['dns', 'registry', 'old']) story.apply({ kind: 'gate', name, open: false, reason: 'no' })
  story.until(100)
  story.apply({ kind: 'gate', name: 'registry', open: true, reason: '' })
  const kept = structuredClone(story.queue.kept())
  t.strictSame(kept.gates, [{ name: 'dns', since: 0, overdue: false }, { name: 'old', since: 0, overdue: false }])
  const queue = Queue.restore(kept, settings, 110_000)
  t.strictSame(queue.apply({ kind: 'gate', name: 'dns', open: false, reason: 'not checked yet' }, 110_000), [], 'it is closed already')
  queue.apply({ kind: 'gate', name: 'registry', open: false, reason: 'not checked yet' }, 110_000)
  t.strictSame([...queue.closedGates()].map(({ name, since }) => [name, since]), [['dns', 0], ['old', 0], ['registry', 0]])
  t.strictSame(queue.nextChangeAt(), 120_000)
  t.match(queue.apply({ kind: 'tick' }, 120_000), [{ name: 'dns', overdue: true }, { name: 'old', overdue: true }, { name: 'registry', overdue: true }])
  const again = Queue.restore(structuredClone(queue.kept()), settings, 130_000)
  t.strictSame(again.apply({ kind: 'tick' }, 130_000), [], 'what was overdue is, and is not told again')
  t.equal(again.nextChangeAt(), undefined)
})

t.test('a maximum wait of 0 has no end', async (t) => {
  const story = new QueueStory({ gateMaxWaitMs: 0 })
  story.apply({ kind: 'gate', name: 'dns', open: false, reason: 'no answer' })
  story.pod('a')
  t.equal(story.queue.nextChangeAt(), undefined)
  story.until(86_400)
  t.strictSame(story.told(), ['0 gate dns closed'])
})
