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
