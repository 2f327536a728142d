import { pino } from 'pino'
import { Registry } from 'prom-client'
import t from 'tap'
import { buildLockMetrics } from '../../src/lock/metrics.ts'
import { keyOf } from '../../src/lock/queue/queue.ts'
import { defaultQueueSettings } from '../../src/lock/queue/settings.ts'
import { LockService } from '../../src/lock/service.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { FakePods } from '../support/fake-pods.ts'
import { MemoryStore } from '../support/memory-store.ts'

t.test('a gate that is new with a restart is closed before one that was overdue lets anybody in', async (t) => {
  const clock = new FakeClock()
  const store = new MemoryStore()
  const settings = { ...defaultQueueSettings, permits: 1, strict: true, gateMaxWaitMs: 1_000 }
  const start = (...gates: readonly string[]) =>
    new LockService({ settings, gates, clock, pods: new FakePods(), store, metrics: buildLockMetrics(new Registry()), log: pino({ level: 'silent' }) })
  const before = start('db')
  for (const uid of ['first', 'next']) before.ask({ uid, pod: undefined, weight: 1, leaseMs: 5_000, leftMs: undefined }, '10.0.0.1', 300_000, () => {})
  clock.advance(1_500)
  before.delivered(keyOf('first'))
  t.match([...before.queue.leases()], [{ key: keyOf('first') }], 'the gate has been closed for too long')
  before.close()
  clock.advance(5_000)

  const after = start('db', 'cache')
  t.strictSame([...after.queue.leases()], [], 'its turn is over, and nobody has the next one')
  t.match([...after.queue.waiting()], [{ key: keyOf('next') }])
  after.setGate('cache', true, '')
  t.match([...after.queue.leases()], [{ key: keyOf('next') }])
})

t.test('gates are shown in the order in which they were set up, also where some were closed before a restart', async (t) => {
  const clock = new FakeClock()
  const store = new MemoryStore()
  const start = () =>
    new LockService({ settings: defaultQueueSettings, gates: ['dns', 'registry'], clock, pods: new FakePods(), store, metrics: buildLockMetrics(new Registry()), log: pino({ level: 'silent' }) })
  const before = start()
  before.setGate('registry', true, '')
  before.close()
  t.strictSame(start().gates().map(({ name }) => name), ['dns', 'registry'])
})
