import * as fc from 'fast-check'
import t from 'tap'
import { keyOf } from '../../../src/lock/queue/queue.ts'
import { defaultQueueSettings } from '../../../src/lock/queue/settings.ts'
import { equal, forAll, runs } from '../../support/property.ts'
import { QueueRun } from '../../support/queue-run.ts'

type Moment = 'grant' | 'left' | 'delivered' | 'ask again' | 'left again' | 'another asks' | 'given back' | 'gone'

const moments: readonly Moment[] = ['grant', 'left', 'delivered', 'ask again', 'left again', 'another asks', 'given back', 'gone']

/** What happens about a grant, in any order, and how long after each other. */
const story = fc.record({
  isPod: fc.boolean(),
  isTicked: fc.boolean(),
  order: fc.shuffledSubarray([...moments], { minLength: 2 }),
  gaps: fc.array(fc.constantFrom(0, 0, 0, 1, 4_000, 10_000), { minLength: moments.length, maxLength: moments.length }),
})

const wishes = { weight: 1, priority: 0, leaseMs: undefined, leftMs: undefined, waits: true }
const request = { kind: 'request', pod: undefined, peer: '10.0.0.1', ...wishes } as const

t.test('a request that ends at any moment about its grant neither loses a permit nor doubles one', async (t) => {
  forAll(t, 0.2, story, ({ isPod, isTicked, order, gaps }) => {
    const run = new QueueRun({ settings: { ...defaultQueueSettings, strict: true }, start: 0, isTicked, steps: [] })
    run.apply({ ...request, uid: 'holder', leaseMs: 3_600_000 })
    run.apply({ kind: 'delivered', key: keyOf('holder') })
    const uid = isPod ? 'a' : undefined
    run.apply({ ...request, uid })
    const key = isPod ? keyOf('a') : 'anonymous:1'
    for (const [index, moment] of order.entries()) {
      run.advance(gaps[index] ?? 0)
      if (moment === 'grant') run.apply({ kind: 'ready', uid: 'holder' })
      if (moment === 'left' || moment === 'left again') run.apply({ kind: 'left', key })
      if (moment === 'delivered') run.apply({ kind: 'delivered', key })
      if (moment === 'ask again' && isPod) run.apply({ ...request, uid: 'a' })
      if (moment === 'another asks') run.apply({ ...request, uid: 'b' })
      if (moment === 'given back') run.apply({ kind: 'given-back', key })
      if (moment === 'gone' && isPod) run.apply({ kind: 'gone', uid: 'a' })
    }
    run.apply({ kind: 'ready', uid: 'holder' })
    // The run has checked every step; in the end, what nobody knows of is no more.
    const isOver = order.some((moment) => moment === 'left' || moment === 'left again' || moment === 'given back')
    if (!isPod && isOver && !order.includes('delivered')) equal([run.queue.lease(key), run.queue.place(key)], [undefined, undefined], 'what it has')
    run.advance(10_000)
    run.apply({ kind: 'tick' })
    const lease = run.queue.lease(key)
    if (lease?.absentSince !== undefined) throw new Error('a lease that nobody has come for')
    // All leases end, one after the other, and the permit is there for a new one.
    for (let hour = 0; hour < 3; hour++) {
      run.advance(3_600_000)
      run.apply({ kind: 'tick' })
    }
    equal([run.queue.used, run.queue.waitingCount], [0, 0], 'permits and waiting')
    const granted = run.apply({ ...request, uid: 'new' }).filter(({ kind }) => kind === 'granted')
    equal(granted.length, 1, 'a new one')
    return isOver && run.decisions.some((decision) => decision.kind === 'granted' && decision.key === key)
  }, 5 * runs)
})
