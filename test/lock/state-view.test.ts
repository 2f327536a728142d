import pino from 'pino'
import { Registry } from 'prom-client'
import t, { type Test } from 'tap'
import Schema from 'typebox/schema'
import { buildLockMetrics } from '../../src/lock/metrics.ts'
import { noPods, type PodSource } from '../../src/lock/pods.ts'
import { defaultQueueSettings } from '../../src/lock/queue/settings.ts'
import type { Ask } from '../../src/lock/request.ts'
import { state as schema } from '../../src/lock/schemas.ts'
import { LockService } from '../../src/lock/service.ts'
import { noStore } from '../../src/lock/state-file.ts'
import { viewState } from '../../src/lock/state-view.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { FakePods } from '../support/fake-pods.ts'

t.test('shows the load as long as there are readings, and no old one after that', async (t) => {
  const { service, clock } = serviceWith(t, noPods)
  t.equal(viewState(service, 0).load, undefined)
  service.feed({ kind: 'load', idleCores: 1.234, pressure: undefined, windowMs: 250 })
  clock.advance(1_500)
  t.strictSame(viewState(service, 0).load, { idleCores: 1.23 })
  clock.advance(1)
  t.equal(viewState(service, 0).load, undefined)
})

t.test('tells how much is known of the pods, and since when nothing is heard', async (t) => {
  const podsOf = (health: ReturnType<PodSource['health']>) => viewState(serviceWith(t, { ...noPods, health: () => health }).service, 0).pods
  t.strictSame(podsOf({ state: 'none', known: 0, staleMs: 0 }), { state: 'none', known: 0 })
  t.strictSame(podsOf({ state: 'starting', known: 20, staleMs: 400 }), { state: 'starting', known: 20, staleSeconds: 0.4 })
  t.strictSame(podsOf({ state: 'connected', known: 34, staleMs: 0 }), { state: 'connected', known: 34, staleSeconds: 0 })
  t.strictSame(podsOf({ state: 'lost', known: 34, staleMs: 61_260 }), { state: 'lost', known: 34, staleSeconds: 61.3 })
})

t.test('names pods as Kubernetes does, tells what their turns wait for, and never a uid', async (t) => {
  const pods = new FakePods()
  const { service } = serviceWith(t, pods)
  service.ask(ask('uid-early', 'shop/said-early'), '192.0.2.1', 0, () => {})
  pods.sync()
  pods.put('uid-early', { name: 'early', containers: { total: 2, ready: 1, lacks: 'web: readiness probe' } })
  pods.put('uid-high', { name: 'high', priority: 1_000 })
  service.ask(ask('uid-low', 'shop/low'), '192.0.2.2', 30_000, () => {})
  service.ask(ask('uid-high', 'shop/said-high'), '192.0.2.3', 30_000, () => {})
  const view = viewState(service, 0)
  t.match(view, {
    holders: [{ pod: 'shop/early', until: 'ready', containers: { ready: 1, total: 2, lacks: 'web: readiness probe' } }],
    waiters: [{ pod: 'shop/high', priority: 1_000 }, { pod: 'shop/low', priority: 0 }],
    pods: { state: 'connected', known: 2 },
  })
  t.notMatch(JSON.stringify(view), /uid-|said-high/)
  t.strictSame(Schema.Errors(schema, JSON.parse(JSON.stringify(view)))[1], [], 'it is as the OpenAPI document says')
})

function serviceWith(t: Test, pods: PodSource): { readonly service: LockService; readonly clock: FakeClock } {
  const clock = new FakeClock()
  const service = new LockService({
    settings: { ...defaultQueueSettings, strict: true },
    gates: [],
    clock,
    pods,
    store: noStore,
    metrics: buildLockMetrics(new Registry()),
    log: pino({ level: 'silent' }),
  })
  t.teardown(() => service.close())
  return { service, clock }
}

function ask(uid: string, pod: string): Ask {
  return { uid, pod, weight: 1, leaseMs: undefined, leftMs: undefined }
}
