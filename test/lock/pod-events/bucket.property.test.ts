import * as fc from 'fast-check'
import t from 'tap'
import { Bucket } from '../../../src/lock/pod-events/bucket.ts'
import { forAll } from '../../support/property.ts'

const limits = fc.record({ burst: fc.integer({ min: 1, max: 20 }), refillMs: fc.integer({ min: 1, max: 20_000 }) })
// Mostly short ones: a bucket that is always full has nothing to hold back.
const pause = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, { weight: 4, arbitrary: fc.integer({ min: 0, max: 100 }) }, fc.integer({ min: 0, max: 60_000 }))
const pauses = fc.array(pause, { minLength: 25, maxLength: 120, size: 'max' })

t.test('lets no more through in any span than its burst and what came in that span', async (t) => {
  forAll(t, 0.5, fc.tuple(limits, pauses), ([{ burst, refillMs }, waits]) => {
    const bucket = new Bucket({ burst, refillMs })
    const taken: number[] = []
    let now = 0
    for (const wait of waits) {
      now += wait
      if (bucket.take(now)) taken.push(now)
    }
    for (const [index, from] of taken.entries()) {
      for (const [count, to] of taken.slice(index).entries()) {
        if (count + 1 > burst + (to - from) / refillMs) throw new Error(`${count + 1} from ${from} to ${to}`)
      }
    }
    return taken.length > burst
  })
})

t.test('says from when on one can be taken', async (t) => {
  forAll(t, 0.5, fc.tuple(limits, pauses), ([settings, waits]) => {
    const bucket = new Bucket(settings)
    let now = 0
    let waited = 0
    for (const wait of waits) {
      now += wait
      const at = bucket.freeAt()
      if (at > now) {
        waited++
        if (bucket.take(at - 1)) throw new Error(`${at}: one came before`)
        now = at
      }
      if (!bucket.take(now)) throw new Error(`${at}: none came`)
    }
    return waited > 0
  })
})

t.test('is full at first, and again after it has not been asked for long', async (t) => {
  const bucket = new Bucket({ burst: 3, refillMs: 1_000 })
  const takes = (now: number) => [1, 2, 3, 4].map(() => bucket.take(now))
  t.strictSame(takes(0), [true, true, true, false])
  t.strictSame(takes(1_500), [true, false, false, false])
  t.strictSame(takes(60_000), [true, true, true, false])
})
