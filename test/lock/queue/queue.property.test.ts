import t from 'tap'
import type { Decision } from '../../../src/lock/queue/decisions.ts'
import { keyOf, Queue } from '../../../src/lock/queue/queue.ts'
import { arbitraryHistory } from '../../support/arbitrary-history.ts'
import { equal, forAll, runs } from '../../support/property.ts'
import { QueueRun } from '../../support/queue-run.ts'

const everything = [
  'granted floor',
  'granted idle-core',
  'granted overdue',
  'granted again',
  ...['ready', 'gone', 'given-back', 'blind-hold', 'lease-end', 'unclaimed', 'crash-loop'].map((cause) => `released ${cause}`),
  ...['gone', 'given-back', 'left'].map((cause) => `dropped ${cause}`),
  'rejected too-many-waiting',
  'rejected too-many-waiting-from-peer',
  ...['closed', 'open', 'overdue'].map((gate) => `gate ${gate}`),
]

t.test('keeps its thirteen invariants after every event of any history', async (t) => {
  const seen = new Map<string, number>()
  forAll(t, 0.7, arbitraryHistory, (history) => {
    const { decisions } = QueueRun.of(history)
    for (const what of new Set(decisions.map(nameOf))) seen.set(what, (seen.get(what) ?? 0) + 1)
    return decisions.length > 5
  }, 2 * runs)
  // A history that never has something says nothing of it.
  for (const what of everything) {
    const count = seen.get(what) ?? 0
    t.ok(runs < 100 || count >= 0.02 * runs, `${count} of ${2 * runs} histories have: ${what}`)
  }
})

t.test('decides the same of the same events at the same times', async (t) => {
  forAll(t, 0.7, arbitraryHistory, (history) => {
    const { applied, queue } = QueueRun.of(history)
    const again = new Queue(history.settings, history.start)
    for (const { event, at, decisions } of applied) {
      equal(JSON.stringify(again.apply(Object.freeze(event), at)), decisions, event.kind)
    }
    equal(again.state(), queue.state(), 'state')
    equal(again.nextChangeAt(), queue.nextChangeAt(), 'when something changes')
    return applied.length > 5
  })
})

t.test('shares nothing of its state', async (t) => {
  forAll(t, 0.5, arbitraryHistory, (history) => {
    const run = QueueRun.of(history)
    const before = run.queue.state()
    const copy = structuredClone(before)
    run.apply({ kind: 'gate', name: 'dns', open: false, reason: 'changed' })
    for (const { key } of [...before.leases, ...before.waiting]) {
      run.apply({ kind: 'started', uid: key.slice(keyOf('').length), hasProbes: false })
      run.apply({ kind: 'left', key })
      run.apply({ kind: 'delivered', key })
    }
    run.advance(3_600_000)
    run.apply({ kind: 'tick' })
    equal(before, copy, 'state of before')
    return before.leases.length + before.waiting.length > 0
  })
})

function nameOf(decision: Decision): string {
  if (decision.kind === 'placed') return 'placed'
  if (decision.kind === 'rejected') return `rejected ${decision.reason}`
  if (decision.kind === 'granted') return `granted ${decision.again ? 'again' : decision.lease.grant}`
  if (decision.kind === 'gate') return `gate ${decision.overdue ? 'overdue' : decision.open ? 'open' : 'closed'}`
  return `${decision.kind} ${decision.cause}`
}
