import { connect } from 'node:net'
import t from 'tap'
import { closedPort, tcpTarget } from '../../support/check-target.ts'
import { at, patienceMs, run } from '../../support/run-check.ts'
import { until } from '../../support/until.ts'

t.test('passes when a connection opens, and closes it', async (t) => {
  const target = await tcpTarget(t)
  t.strictSame(await run(at(target, 'tcp')), { passed: true, reason: 'accepts connections' })
  t.strictSame(await run(`redis://localhost:${target.port}/0`), { passed: true, reason: 'accepts connections' })
  await target.quiet()
})

t.test('passes over IPv6', async (t) => {
  const target = await tcpTarget(t, undefined, '::1').catch(() => undefined)
  if (target === undefined) t.comment('no IPv6 here')
  else t.strictSame(await run(`tcp://[::1]:${target.port}`), { passed: true, reason: 'accepts connections' })
})

t.test('fails where nobody listens', async (t) => {
  t.strictSame(await run(`tcp://127.0.0.1:${await closedPort(t)}`), { passed: false, reason: 'connection refused' })
})

t.test('fails where the name is not known', async (t) => {
  // No name may have a label that long, so no name server is asked.
  t.strictSame(await run(`tcp://${'a'.repeat(64)}.invalid:80`), { passed: false, reason: 'name not found' })
})

t.test('is over at once when it is given up before it begins', async (t) => {
  const target = await tcpTarget(t)
  const outcome = await run(at(target, 'tcp'), patienceMs, AbortSignal.abort())
  t.strictSame(outcome, { passed: false, reason: 'given up' })
  const witness = connect(target.port, '127.0.0.1')
  await until('it is seen', () => target.opened() > 0)
  t.equal(target.opened(), 1, 'nobody else has come')
  witness.destroy()
})
