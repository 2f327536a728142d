import * as fc from 'fast-check'
import t from 'tap'
import { keyOf } from '../../../src/lock/queue/queue.ts'
import { defaultQueueSettings } from '../../../src/lock/queue/settings.ts'
import { equal, forAll } from '../../support/property.ts'
import { QueueRun } from '../../support/queue-run.ts'

const pods = ['a', 'b', 'c', 'd', 'e', 'f'] as const

/** Who starts, which of them crash-loop, and who comes then. Histories of anything seldom have two that crash-loop. */
const story = fc.record({
  permits: fc.integer({ min: 1, max: 4 }),
  // Those whose wait is nearly over start beside the permits.
  hurries: fc.array(fc.boolean(), { minLength: pods.length, maxLength: pods.length }),
  crashing: fc.shuffledSubarray([...pods], { minLength: 2 }),
  comers: fc.array(fc.record({ isPod: fc.boolean(), weight: fc.constantFrom(1, 1, 2, 5), waits: fc.boolean() }), { minLength: 1, maxLength: 5 }),
})

const wishes = { pod: undefined, peer: '10.0.0.1', weight: 1, priority: 0, leaseMs: undefined, leftMs: undefined, waits: true }
const request = { kind: 'request', ...wishes } as const

t.test('pods that crash-loop lose their turns to who comes, the oldest first, and no other pod does', async (t) => {
  forAll(t, 0.5, story, ({ permits, hurries, crashing, comers }) => {
    // The run checks that nobody loses its turn in vain, and that nobody keeps it while somebody waits.
    const run = new QueueRun({ settings: { ...defaultQueueSettings, permits, strict: true }, start: 0, isTicked: false, steps: [] })
    for (const [index, uid] of pods.entries()) {
      run.advance(1_000)
      run.apply({ ...request, uid, leftMs: hurries[index] === true ? 500 : undefined })
    }
    for (const { key } of run.queue.waiting()) run.apply({ kind: 'given-back', key })
    for (const uid of crashing) run.apply({ kind: 'crashing', uid })
    const before = Array.from(run.queue.leases(), ({ key }) => key)
    const looping = before.filter((key) => crashing.some((uid) => keyOf(uid) === key))
    equal(run.queue.state().leases.flatMap((lease) => (lease.crashing ? [lease.key] : [])), looping, 'who crash-loops')
    for (const [index, { isPod, ...wish }] of comers.entries()) run.apply({ ...request, ...wish, uid: isPod ? `comer-${index}` : undefined })
    const lost = run.decisions.flatMap((decision) => (decision.kind === 'released' ? [decision.key] : []))
    equal(lost, looping.slice(0, lost.length), 'whose turn is lost')
    if (run.queue.waitingCount > 0) equal(lost, looping, 'whose turn is lost while somebody waits')
    return lost.length >= 2
  })
})
