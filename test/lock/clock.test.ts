import { mock } from 'node:test'
import t from 'tap'
import { systemClock } from '../../src/lock/clock.ts'

t.test('a timer may be longer than those of Node, which come at once beyond 25 days', async (t) => {
  mock.timers.enable({ apis: ['setTimeout'] })
  t.teardown(() => mock.timers.reset())
  const day = 24 * 3_600_000
  let calls = 0
  systemClock.after(60 * day, () => calls++)
  const cancel = systemClock.after(60 * day, () => calls++)
  for (let count = 0; count < 59; count++) mock.timers.tick(day)
  cancel()
  t.equal(calls, 0)
  // The mock lets a timer that is set by another begin at the end of its tick.
  for (let count = 0; count < 4; count++) mock.timers.tick(day)
  t.equal(calls, 1)
})

t.test('goes on where it was, in whole milliseconds', async (t) => {
  const first = systemClock.now()
  t.ok(Number.isSafeInteger(first))
  t.ok(systemClock.now() >= first)
})
