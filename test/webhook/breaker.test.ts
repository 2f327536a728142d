import * as fc from 'fast-check'
import t, { type Test } from 'tap'
import { Breaker, type BreakerEvent } from '../../src/webhook/breaker.ts'

const second = 1_000
const minute = 60 * second

t.test('injects no lock before it is known whether there are any, nor while there are none', async (t) => {
  const breaker = new Breaker()
  t.strictSame(breaker.causes, ['lock-not-known'])
  breaker.note({ kind: 'tick' }, minute)
  t.strictSame(breaker.causes, ['lock-not-known'])
  breaker.note({ kind: 'locks', ready: 0 }, minute)
  t.strictSame(breaker.causes, ['no-lock-ready'])
  breaker.note({ kind: 'locks', ready: 1 }, minute)
  t.strictSame(breaker.causes, [], 'one is enough, at once')
  breaker.note({ kind: 'locks', ready: 0 }, minute)
  t.strictSame(breaker.causes, ['no-lock-ready'])
})

t.test('opens when a pod has hung for 20 s, and not when it hangs for less', async (t) => {
  const breaker = withLocks()
  breaker.note({ kind: 'hanging', pod: 'a/one', reason: 'ErrImagePull' }, 0)
  breaker.note({ kind: 'hanging', pod: 'a/one', reason: 'ErrImagePull' }, 15 * second)
  breaker.note({ kind: 'freed', pod: 'a/one' }, 19 * second)
  breaker.note({ kind: 'hanging', pod: 'a/one', reason: 'ErrImagePull' }, 20 * second)
  breaker.note({ kind: 'hanging', pod: 'a/two', reason: 'ErrImagePull' }, 30 * second)
  breaker.note({ kind: 'tick' }, 40 * second - 1)
  t.strictSame(breaker.causes, [])
  breaker.note({ kind: 'tick' }, 40 * second)
  t.strictSame(breaker.causes, ['init-container-hangs'])
  t.strictSame(breaker.firstHanging, { pod: 'a/one', reason: 'ErrImagePull' })
  t.equal(breaker.hanging, 2)
  breaker.note({ kind: 'locks', ready: 0 }, 40 * second)
  t.strictSame(breaker.causes, ['no-lock-ready', 'init-container-hangs'])
})

t.test('stays open until no pod hangs, and 60 s have passed; another pod that hangs begins them anew', async (t) => {
  const breaker = withLocks()
  open(breaker, 'a/one', 0)
  breaker.note({ kind: 'tick' }, 100 * minute)
  t.strictSame(breaker.causes, ['init-container-hangs'], 'as long as the pod is there')
  breaker.note({ kind: 'freed', pod: 'a/one' }, 100 * minute)
  breaker.note({ kind: 'hanging', pod: 'a/two', reason: 'ErrImagePull' }, 100 * minute + 50 * second)
  breaker.note({ kind: 'freed', pod: 'a/two' }, 100 * minute + 55 * second)
  breaker.note({ kind: 'tick' }, 101 * minute + 54 * second)
  t.strictSame(breaker.causes, ['init-container-hangs'])
  breaker.note({ kind: 'tick' }, 101 * minute + 55 * second)
  t.strictSame(breaker.causes, [])
})

t.test('holds twice as long when it opens again soon, up to 10 min, and 60 s after a quiet time', async (t) => {
  const breaker = withLocks()
  let now = 0
  for (const minutes of [1, 2, 4, 8, 10, 10]) {
    now = holds(t, breaker, now, minutes)
  }
  now += 10 * minute
  holds(t, breaker, now, 1)
})

/** Opens and frees it, and checks for how long it stays open. Returns when it has closed. */
function holds(t: Test, breaker: Breaker, at: number, minutes: number): number {
  open(breaker, 'a/one', at)
  const freed = at + 20 * second
  breaker.note({ kind: 'freed', pod: 'a/one' }, freed)
  breaker.note({ kind: 'tick' }, freed + minutes * minute - 1)
  t.strictSame(breaker.causes, ['init-container-hangs'], `${minutes} min: not yet`)
  breaker.note({ kind: 'tick' }, freed + minutes * minute)
  t.strictSame(breaker.causes, [], `${minutes} min`)
  return freed + minutes * minute
}

t.test('whatever happens: it closes 10 min after the last pod is free, and is closed while none has hung', async () => {
  const pod = fc.constantFrom('a', 'b', 'c')
  const event: fc.Arbitrary<BreakerEvent> = fc.oneof(
    pod.map((name) => ({ kind: 'hanging' as const, pod: name, reason: 'x' })),
    pod.map((name) => ({ kind: 'freed' as const, pod: name })),
    fc.constant({ kind: 'tick' as const }),
    fc.nat(2).map((ready) => ({ kind: 'locks' as const, ready })),
  )
  const history = fc.array(fc.tuple(event, fc.nat(30 * second)), { maxLength: 200 })
  fc.assert(
    fc.property(history, (events) => {
      const breaker = new Breaker()
      let now = 0
      let hung = false
      for (const [each, ms] of events) {
        now += ms
        breaker.note(each, now)
        hung ||= each.kind === 'hanging'
        if (!hung && breaker.causes.includes('init-container-hangs')) return false
      }
      for (const name of ['a', 'b', 'c']) breaker.note({ kind: 'freed', pod: name }, now)
      breaker.note({ kind: 'locks', ready: 1 }, now)
      breaker.note({ kind: 'tick' }, now + 10 * minute)
      return breaker.causes.length === 0
    }),
  )
})

function withLocks(): Breaker {
  const breaker = new Breaker()
  breaker.note({ kind: 'locks', ready: 1 }, 0)
  return breaker
}

function open(breaker: Breaker, pod: string, at: number): void {
  breaker.note({ kind: 'hanging', pod, reason: 'ErrImagePull' }, at)
  breaker.note({ kind: 'tick' }, at + 20 * second)
}
