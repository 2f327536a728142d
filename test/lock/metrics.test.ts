import pino from 'pino'
import { Registry } from 'prom-client'
import t from 'tap'
import { buildLockMetrics } from '../../src/lock/metrics.ts'
import { noPods, type PodsHealth } from '../../src/lock/pods.ts'
import { defaultQueueSettings } from '../../src/lock/queue/settings.ts'
import { LockService } from '../../src/lock/service.ts'
import { noStore } from '../../src/lock/state-file.ts'
import { FakeClock } from '../support/fake-clock.ts'

t.test('shows how many pods are known, and how old that is', async (t) => {
  const registry = new Registry()
  let health: PodsHealth = { state: 'none', known: 0, staleMs: 0 }
  const service = new LockService({
    settings: defaultQueueSettings,
    gates: [],
    clock: new FakeClock(),
    pods: { ...noPods, health: () => health },
    store: noStore,
    metrics: buildLockMetrics(registry),
    log: pino({ level: 'silent' }),
  })
  t.teardown(() => service.close())
  const samples = async (): Promise<readonly string[]> => (await registry.metrics()).split('\n').filter((line) => line.startsWith('usher_lock_pods'))
  const state = (name: string) => ['none', 'starting', 'connected', 'lost'].map((each) => `usher_lock_pods_watch_state{state="${each}"} ${each === name ? 1 : 0}`)
  t.strictSame(await samples(), ['usher_lock_pods 0', 'usher_lock_pods_watch_stale_seconds 0', ...state('none')])
  health = { state: 'connected', known: 34, staleMs: 500 }
  t.strictSame(await samples(), ['usher_lock_pods 34', 'usher_lock_pods_watch_stale_seconds 0.5', ...state('connected')])
  health = { state: 'lost', known: 34, staleMs: 61_000 }
  t.strictSame(await samples(), ['usher_lock_pods 34', 'usher_lock_pods_watch_stale_seconds 61', ...state('lost')])
})

t.test('what alerts count begins at 0, so that the first time is seen', async (t) => {
  const registry = new Registry()
  const metrics = buildLockMetrics(registry)
  const service = new LockService({ settings: defaultQueueSettings, gates: ['tcp://db:1'], clock: new FakeClock(), pods: noPods, store: noStore, metrics, log: pino({ level: 'silent' }) })
  t.teardown(() => service.close())
  const first = await registry.metrics()
  for (const sample of [
    'usher_lock_gate_overdue_total{gate="tcp://db:1"} 0',
    'usher_lock_rejected_total{reason="too-many-waiting"} 0',
    'usher_lock_rejected_total{reason="too-many-waiting-from-peer"} 0',
    'usher_lock_state_save_failures_total 0',
    'usher_lock_started_without_lock_total 0',
  ]) t.match(first, `\n${sample}\n`)
  metrics.gateOverdue('tcp://db:1')
  t.match(await registry.metrics(), 'usher_lock_gate_overdue_total{gate="tcp://db:1"} 1')
})
