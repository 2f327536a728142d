import t from 'tap'
import { FakeClock } from './fake-clock.ts'

t.test('fires what is due in its order, also what was set meanwhile', (t) => {
  const clock = new FakeClock()
  const fired: string[] = []
  const note = (what: string) => () => void fired.push(`${what} at ${clock.now()}`)
  clock.after(20, note('late'))
  clock.after(10, note('first'))
  clock.after(10, () => {
    note('second')()
    clock.after(5, note('set meanwhile'))
    clock.after(50, note('not due'))
  })
  const prevent = clock.after(12, note('prevented'))
  prevent()
  clock.advance(30)
  t.strictSame(fired, ['first at 10', 'second at 10', 'set meanwhile at 15', 'late at 20'])
  t.equal(clock.now(), 30)
  t.equal(clock.pending, 1)
  t.end()
})

t.test('fires late after a sleep', (t) => {
  const clock = new FakeClock()
  let firedAt: number | undefined
  clock.after(10, () => (firedAt = clock.now()))
  clock.sleep(1_000)
  clock.advance(0)
  t.equal(firedAt, 1_000)
  t.end()
})
