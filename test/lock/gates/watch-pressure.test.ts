import t from 'tap'
import { pressureGateName as name } from '../../../src/lock/gates/watch-pressure.ts'
import { keyOf } from '../../../src/lock/queue/queue.ts'
import { standingOf } from '../../../src/lock/standing.ts'
import { LockUnderPressure } from '../../support/lock-under-pressure.ts'

t.test('who waits sees the pressure, and below what it has to be', async (t) => {
  const node = new LockUnderPressure(t)
  t.match(node.gate, { open: false, reason: 'CPU pressure is not known yet' })
  node.pressure(92.7, 4)
  node.ask('a')
  t.match(standingOf(node.service, keyOf('a'), undefined), {
    detail: 'waiting for cpu-pressure (CPU pressure 92 %, opens below 40 %, 4 s), next',
    reason: 'gate-closed',
  })
  node.pressure(45, 4)
  t.match(node.gate, { open: false, reason: 'CPU pressure 45 %, opens below 40 %' })
  t.match(await node.metrics(), `usher_lock_gate_open{gate="${name}"} 0`)
  node.pressure(0, 3)
  t.match(await node.metrics(), `usher_lock_gate_open{gate="${name}"} 1`)
  t.equal(node.granted, 'a')
})

t.test('pressure of those who were granted closes nothing, however many come one after the other', async (t) => {
  const node = new LockUnderPressure(t)
  node.pressure(0, 3)
  for (let pod = 0; pod < 20; pod++) {
    node.ask(`pod-${pod}`)
    node.pressure(100, 15)
    node.service.giveBack(keyOf(`pod-${pod}`))
    node.pressure(100, 15)
  }
  t.strictSame(node.changes, ['open'])
  node.pressure(100, 15)
  t.strictSame(node.changes, ['open', 'closed'], 'and what goes on after they have ended closes it')
})

t.test('it tells numbers once a second, and changes at once', async (t) => {
  const node = new LockUnderPressure(t)
  node.pressure(0, 3)
  let told = 0
  const { setGate } = node.service
  node.service.setGate = (...args) => {
    told++
    setGate.apply(node.service, args)
  }
  for (let reading = 0; reading < 40; reading++) node.pressure(50 + reading, 0.25)
  t.ok(told >= 9 && told <= 10, `${told}`)
})

t.test('opens where the kernel does not tell, and says so once', async (t) => {
  const node = new LockUnderPressure(t)
  node.pressure(undefined, 10)
  t.match(node.gate, { open: true, reason: 'the kernel does not tell CPU pressure' })
  t.equal(node.log.filter((line) => line.includes('does not tell CPU pressure (PSI)')).length, 1)
})

t.test('opens where nothing is read at all, and ends with its timers', async (t) => {
  const node = new LockUnderPressure(t)
  node.clock.advance(4_999)
  t.notOk(node.gate?.open)
  node.clock.advance(1)
  t.match(node.gate, { open: true, reason: 'CPU pressure cannot be read' })
  node.watched.stop()
  node.service.close()
  t.equal(node.clock.pending, 0)
})

t.test('a lock that goes on where it was, with turns, starts open', async (t) => {
  const before = new LockUnderPressure(t)
  before.pressure(0, 3)
  before.ask('a')
  before.service.close()
  t.ok(new LockUnderPressure(t, before.store).gate?.open)
})
