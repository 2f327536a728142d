import * as fc from 'fast-check'
import t from 'tap'
import { arbitraryHistory } from '../../support/arbitrary-history.ts'
import { equal, forAll } from '../../support/property.ts'
import { QueueRun } from '../../support/queue-run.ts'

const restarts = fc.array(fc.record({ after: fc.nat(40), ms: fc.constantFrom(0, 300, 5_000, 20_000) }), { minLength: 1, maxLength: 3 })

t.test('keeps its invariants, and what time ends, through restarts', async (t) => {
  forAll(t, 0.5, fc.tuple(arbitraryHistory, restarts), ([history, all]) => {
    const run = new QueueRun(history)
    let kept = 0
    for (const [index, step] of history.steps.entries()) {
      run.step(step)
      for (const { after, ms } of all) {
        if (after % history.steps.length !== index) continue
        kept += run.record.holders.size + run.record.waiters.size
        run.restart(ms)
      }
    }
    return kept > 0
  })
})

t.test('keeps leases as they were, and pods that wait in their order', async (t) => {
  forAll(t, 0.15, arbitraryHistory, (history) => {
    const run = QueueRun.of(history)
    // The last step may have been about nobody: its time has not come to the queue, and somebody may have aged by it.
    run.apply({ kind: 'tick' })
    const before = run.queue.state()
    const order = run.record.inOrder().flatMap(({ key }) => (key.startsWith('uid:') ? [key] : []))
    run.restartSilently()
    const after = run.queue.state()
    const lasting = (state: typeof before): unknown => state.leases.map((lease) => ({ ...lease, absentSince: undefined }))
    equal(lasting(after), lasting(before), 'leases')
    equal(after.waiting.toSorted((a, b) => run.queue.ahead(a) - run.queue.ahead(b)).map(({ key }) => key), order, 'order')
    equal(structuredClone(after), run.queue.state(), 'state again')
    return before.leases.length > 0 && order.length > 0
  })
})
