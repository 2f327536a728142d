import pino from 'pino'
import { Registry } from 'prom-client'
import t from 'tap'
import { buildLockMetrics } from '../../src/lock/metrics.ts'
import { noPods } from '../../src/lock/pods.ts'
import { defaultQueueSettings } from '../../src/lock/queue/settings.ts'
import { LockService } from '../../src/lock/service.ts'
import { noStore } from '../../src/lock/state-file.ts'
import { viewState } from '../../src/lock/state-view.ts'
import { FakeClock } from '../support/fake-clock.ts'

t.test('shows the load as long as there are readings, and no old one after that', async (t) => {
  const clock = new FakeClock()
  const service = new LockService({
    settings: defaultQueueSettings,
    gates: [],
    clock,
    pods: noPods,
    store: noStore,
    metrics: buildLockMetrics(new Registry()),
    log: pino({ level: 'silent' }),
  })
  t.teardown(() => service.close())
  t.equal(viewState(service, 0).load, undefined)
  service.feed({ kind: 'load', idleCores: 1.234, pressure: undefined, windowMs: 250 })
  clock.advance(1_500)
  t.strictSame(viewState(service, 0).load, { idleCores: 1.23 })
  clock.advance(1)
  t.equal(viewState(service, 0).load, undefined)
})
