import * as fc from 'fast-check'
import t from 'tap'
import { Queue } from '../../../src/lock/queue/queue.ts'
import { arbitraryHistory } from '../../support/arbitrary-history.ts'
import { equal, forAll } from '../../support/property.ts'
import { QueueRun } from '../../support/queue-run.ts'

const hourMs = 3_600_000

/** Any history, and where between now and the next change to look. */
const historyAndShare = fc.tuple(arbitraryHistory, fc.double({ min: 0, max: 1, noNaN: true }))

t.test('nothing changes by time before it was said to', async (t) => {
  forAll(t, 0.5, historyAndShare, ([history, share]) => {
    const run = QueueRun.of(history)
    for (let change = 0; change < 20; change++) {
      const { now, ...before } = run.queue.state()
      const next = run.queue.nextChangeAt()
      const last = next === undefined ? now + 2 * hourMs : next - 1
      // Nothing is due at once: all that can be done now is done.
      if (last < now) throw new Error(`at ${now} something is due at ${next}`)
      for (const at of [now, now + Math.floor((last - now) * share), last]) {
        equal(run.apply({ kind: 'tick' }, at), [], `decisions at ${at} of ${next}`)
      }
      const { now: _, ...after } = run.queue.state()
      equal(after, before, 'state')
      if (next === undefined) return change > 0
      run.apply({ kind: 'tick' }, next)
    }
    return true
  })
})

t.test('what it announces comes, or it looks again later, and comes to an end', async (t) => {
  forAll(t, 0.5, arbitraryHistory, (history) => {
    const run = QueueRun.of(history)
    const most = run.queue.waitingCount
    let idle = 0
    let ticks = 0
    for (let next = run.queue.nextChangeAt(); next !== undefined; ticks++) {
      const decisions = run.apply({ kind: 'tick' }, next)
      const later = run.queue.nextChangeAt()
      if (later !== undefined && later <= next) throw new Error(`ticks at ${next} do not end`)
      if (decisions.length === 0) idle++
      // In vain for a place that was come back to, and for a reading that is too old by then.
      if (idle > 2) throw new Error('ticks change nothing')
      if (ticks > 3 * (most + run.record.ever.size) + 10) throw new Error('changes never end')
      next = later
    }
    equal(run.record.holders.size, 0, 'leases left')
    const isStuck = run.record.waiters.size > 0 && run.record.holdingGates().length === 0
    equal(isStuck, false, 'waits for ever')
    return ticks > 0
  })
})

t.test('whoever waits while time goes on is granted, whatever waits beside it', async (t) => {
  forAll(t, 0.2, arbitraryHistory, (history) => {
    const run = QueueRun.of({ ...history, settings: { ...history.settings, gateMaxWaitMs: 600_000 }, isTicked: true })
    const held = run.record.inOrder().filter((waiter) => waiter.held > 0)
    const granted = new Set<string>()
    // All of their leases one after the other, and the gates before.
    for (let hour = 0; hour <= held.length + run.record.waiters.size + 2; hour++) {
      run.advance(hourMs)
      for (const decision of run.apply({ kind: 'tick' })) if (decision.kind === 'granted') granted.add(decision.key)
    }
    for (const { key } of held) if (run.record.waiters.has(key)) throw new Error(`${key} waits for ever`)
    return held.length > 0
  })
})

t.test('overdue clients are granted before they give up, a second apart, whatever they wait for', async (t) => {
  const leftMs = fc.array(fc.integer({ min: 20_000, max: 30_000 }), { minLength: 2, maxLength: 15 })
  forAll(t, 1, fc.tuple(leftMs, arbitraryHistory), ([all, { settings }]) => {
    const queue = new Queue({ ...settings, strict: true, permits: 1, gateMaxWaitMs: 0, maxWaiting: 2_000, maxWaitingPerPeer: 256 }, 0)
    queue.apply({ kind: 'gate', name: 'dns', open: false, reason: 'no answer' }, 0)
    for (const [index, left] of all.entries()) {
      const wishes = { weight: 1, priority: index % 3, leaseMs: undefined, waits: true }
      queue.apply({ kind: 'request', uid: `${index}`, pod: undefined, peer: '10.0.0.1', leftMs: left, ...wishes }, 0)
    }
    const times: number[] = []
    for (let next = queue.nextChangeAt(); times.length < all.length; next = queue.nextChangeAt()) {
      if (next === undefined) throw new Error('somebody is forgotten')
      const decisions = queue.apply({ kind: 'tick' }, next)
      if (decisions.length === 0) throw new Error(`nothing is due at ${next}`)
      for (const decision of decisions) {
        if (decision.kind !== 'granted') continue
        if (next > (all[Number(decision.key.slice('uid:'.length))] ?? 0) - 1_000) throw new Error(`${decision.key} is too late at ${next}`)
        if (next - (times.at(-1) ?? -Infinity) < 1_000) throw new Error(`${decision.key} is too near at ${next}`)
        times.push(next)
      }
    }
    return true
  })
})
