import t from 'tap'
import { noPods, type PodFacts } from '../../src/lock/pods.ts'
import { keyOf } from '../../src/lock/queue/queue.ts'
import type { Lease } from '../../src/lock/queue/state.ts'
import { viewTurn } from '../../src/lock/turn-view.ts'
import { FakePods, up } from '../support/fake-pods.ts'

t.test('waits for the pod to be ready, and says what it lacks', async (t) => {
  const containers = { total: 2, ready: 1, lacks: 'web: readiness probe' }
  t.strictSame(viewTurn(lease(), podsWith({ containers })), { until: 'ready', containers })
  t.strictSame(viewTurn(lease(), podsWith(up('u'))), { until: 'ready', containers: { ready: 1, total: 1 } })
})

t.test('waits for the start of a pod without probes, then for the blind hold', async (t) => {
  const containers = { ready: 1, total: 1 }
  t.match(viewTurn(lease(), podsWith({ hasProbes: false })), { until: 'started' })
  const started = podsWith({ ...up('u'), hasProbes: false })
  t.strictSame(viewTurn(lease({ endCause: 'blind-hold' }), started), { until: 'blind-hold', containers })
  t.strictSame(viewTurn(lease(), started), { until: 'lease-end', containers }, 'its time is over before the blind hold')
})

t.test('a status of an earlier start says nothing', async (t) => {
  const pods = podsWith(up('u', 1))
  const stale = 'containerd://u-1'
  t.strictSame(viewTurn(lease({ stale }), pods), { until: 'ready' })
  pods.put('u', { hasProbes: false })
  t.strictSame(viewTurn(lease({ stale }), pods), { until: 'started' }, 'that it has started is old, too')
  pods.put('u', up('u', 2))
  t.match(viewTurn(lease({ stale }), pods), { until: 'lease-end', containers: { ready: 1, total: 1 } })
})

t.test('ends by time where nothing is known of the pod', async (t) => {
  t.strictSame(viewTurn(lease(), noPods), { until: 'lease-end' })
  t.strictSame(viewTurn(lease({ key: keyOf('other') }), podsWith({})), { until: 'lease-end' })
  t.strictSame(viewTurn(lease({ key: 'anonymous:7' }), podsWith({})), { until: 'lease-end' })
})

t.test('ends by time while the API server is not heard, and shows what was known last', async (t) => {
  const pods = podsWith({})
  pods.state = 'lost'
  t.match(viewTurn(lease(), pods), { until: 'lease-end', containers: { ready: 0, total: 1 } })
  t.match(viewTurn(lease({ endCause: 'blind-hold' }), pods), { until: 'blind-hold' }, 'a hold that has begun goes on')
})

/** The pod `u`, as it is said here, else with a readiness probe, and waiting for the lock. */
function podsWith(facts: Partial<PodFacts>): FakePods {
  const pods = new FakePods()
  pods.state = 'connected'
  pods.put('u', facts)
  return pods
}

function lease(changes: Partial<Lease> = {}): Lease {
  return {
    key: keyOf('u'),
    pod: 'shop/said',
    peer: '192.0.2.1',
    stale: undefined,
    grant: 'floor',
    permits: 1,
    reserve: 1,
    arrivedAt: 0,
    grantedAt: 0,
    endsAt: 120_000,
    endCause: 'lease-end',
    crashing: false,
    claimed: true,
    absentSince: undefined,
    ...changes,
  }
}
