import t from 'tap'
import { pause, systemClock } from '../../src/kube/clock.ts'
import { FakeClock } from '../support/fake-clock.ts'

t.test('a pause ends with its time, or with the signal, and leaves no timer', async (t) => {
  const clock = new FakeClock()
  const waiting = pause(clock, 1_000, new AbortController().signal)
  clock.advance(1_000)
  await waiting
  const stopping = new AbortController()
  const given = pause(clock, 1_000, stopping.signal)
  stopping.abort()
  await given
  t.equal(clock.pending, 0)
  await pause(clock, 1_000, stopping.signal)
  t.equal(clock.pending, 0, 'nor is one set where it is over already')
})

t.test("the machine's clock goes on, and calls back", async (t) => {
  const before = systemClock.now()
  const { promise, resolve } = Promise.withResolvers<void>()
  const cancel = systemClock.after(0, () => t.fail('it was prevented'))
  cancel()
  systemClock.after(1, resolve)
  // Its own timers keep no process alive.
  const alive = setInterval(() => {}, 1_000)
  await promise
  clearInterval(alive)
  t.ok(systemClock.now() > before)
})
