import t, { type Test } from 'tap'
import type { Check } from '../../../src/lock/gates/check.ts'
import { gateNames, leastPauseMs, watchChecks } from '../../../src/lock/gates/watch-checks.ts'
import { closedPort, httpTarget, tcpTarget } from '../../support/check-target.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { at, checkOf } from '../../support/run-check.ts'
import { until } from '../../support/until.ts'

const [failPauseMs, passPauseMs, timeoutMs] = [10_000, 60_000, 20_000]

type Told = [name: string, open: boolean, reason: string]

t.test('tells of each outcome, and pauses longer after a pass', async (t) => {
  let status = 503
  const target = await httpTarget(t, (_request, response) => void response.writeHead(status).end())
  const { told, clock } = watch(t, [checkOf(at(target))])
  await until('it has failed', () => clock.pending === 1)
  t.strictSame(told, [[checkOf(at(target)).name, false, 'answers 503']])

  status = 200
  clock.advance(failPauseMs - 1)
  t.equal(clock.pending, 1, 'it is still pausing')
  clock.advance(1)
  await until('it has passed', () => clock.pending === 1)
  t.strictSame(told.at(-1), [checkOf(at(target)).name, true, 'answers 200'])

  clock.advance(passPauseMs - 1)
  t.equal(clock.pending, 1, 'it is still pausing')
  clock.advance(1)
  await until('it has passed again', () => clock.pending === 1)
  t.equal(told.length, 3)
  t.equal(target.opened(), 3)
})

t.test('runs all side by side: who does not answer holds up nobody', async (t) => {
  const [silent, fast] = [await tcpTarget(t), await tcpTarget(t)]
  const broken = checkOf(`tcp://127.0.0.1:${await closedPort(t)}`)
  const good = checkOf(at(fast, 'tcp'))
  const { told, clock } = watch(t, [checkOf(at(silent)), broken, good])
  await until('both others have been told', () => told.length === 2)
  t.equal(clock.pending, 2)
  clock.advance(failPauseMs)
  await until('one has been told again', () => told.length === 3)
  t.strictSame(told.at(-1), [broken.name, false, 'connection refused'])
})

t.test('pauses a little even where no pause is asked for', async (t) => {
  const target = await tcpTarget(t)
  const { told, clock } = watch(t, [checkOf(at(target, 'tcp'))], { failPauseMs: 0, passPauseMs: 0 })
  await until('it has passed', () => told.length === 1)
  clock.advance(leastPauseMs - 1)
  t.equal(clock.pending, 1, 'it is still pausing')
  clock.advance(1)
  t.equal(clock.pending, 0, 'it has gone on')
  await until('it has passed again', () => told.length === 2)
})

t.test('ends everything: pauses, what is on its way, and what would be told', async (t) => {
  const [silent, fast] = [await tcpTarget(t), await tcpTarget(t)]
  const { told, clock, stop } = watch(t, [checkOf(at(silent)), checkOf(at(fast, 'tcp'))])
  await until('one is pausing, the other on its way', () => told.length === 1 && silent.opened() === 1)
  stop()
  t.equal(clock.pending, 0)
  await Promise.all([silent.quiet(), fast.quiet()])
  t.equal(clock.pending, 0)
  t.equal(told.length, 1)
})

t.test('can be ended by who is told', async (t) => {
  const target = await tcpTarget(t)
  const clock = new FakeClock()
  let told = 0
  const stop = watchChecks([checkOf(at(target, 'tcp'))], { failPauseMs, passPauseMs, timeoutMs, clock }, () => {
    told++
    stop()
  })
  await until('it was told', () => told === 1)
  t.equal(clock.pending, 0)
})

t.test('gives checks of the same name names of their own', async (t) => {
  let requests = 0
  const target = await httpTarget(t, ({ url }, response) => {
    requests++
    response.writeHead(url === '/?a' ? 200 : 503).end()
  })
  const checks = ['/?a', '/?b', '/other', '/?c'].map((path) => checkOf(`http://127.0.0.1:${target.port}${path}`))
  const base = `http://127.0.0.1:${target.port}`
  t.strictSame(gateNames(checks), [base, `${base} (2)`, `${base}/other`, `${base} (3)`])
  const { told } = watch(t, checks)
  await until('all have been told', () => told.length === 4)
  t.equal(requests, 4)
  t.strictSame(told.filter(([, open]) => open).map(([name]) => name), [base])
  t.strictSame(new Set(told.map(([name]) => name)), new Set(gateNames(checks)))
})

function watch(t: Test, checks: readonly Check[], changes: { readonly failPauseMs?: number; readonly passPauseMs?: number } = {}) {
  const clock = new FakeClock()
  const told: Told[] = []
  const settings = { failPauseMs, passPauseMs, timeoutMs, clock, ...changes }
  const stop = watchChecks(checks, settings, (...outcome) => told.push(outcome))
  t.teardown(stop)
  return { told, clock, stop }
}
