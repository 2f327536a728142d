import t from 'tap'
import type { StateView } from '../../src/lock/state-view.ts'
import { lockPlaceOf } from '../../src/why/lock-place.ts'

const state: StateView = {
  now: '2026-11-26T08:00:00Z',
  startedAt: '2026-11-26T07:00:00Z',
  permits: { floor: 1, used: 1, strict: false },
  holders: [
    { pod: 'shop/api-1', identified: true, grant: 'floor', waitedSeconds: 3, heldSeconds: 7, leftSeconds: 100, until: 'ready', containers: { ready: 0, total: 1, lacks: 'api: readiness probe' } },
    { pod: 'shop/old-1', identified: true, grant: 'floor', waitedSeconds: 3, heldSeconds: 1, leftSeconds: 100, until: 'ready' },
    { pod: 'shop/blind-1', identified: true, grant: 'floor', waitedSeconds: 3, heldSeconds: 1, leftSeconds: 9, until: 'lease-end' },
  ],
  gated: [
    {
      pod: 'shop/web-2',
      waitedSeconds: 40,
      connected: true,
      dependencies: [
        { target: 'job/db', state: 'waiting', reason: '0 of 1 replicas ready', leftSeconds: 560, onTimeout: 'fail' },
        { target: 'service/redis', state: 'healthy', reason: '1 of 1 endpoints ready', leftSeconds: 560, onTimeout: 'proceed' },
      ],
      cycle: ['job/db', 'deployment/shop/web'],
    },
  ],
  waiters: [{ pod: 'shop/web-1', identified: true, position: 2, waitedSeconds: 12, priority: 0, weight: 1, connected: true, leftSeconds: 200 }],
  gates: [
    { name: 'tcp://db:5432', open: false, overdue: false, reason: 'connection refused', seconds: 20 },
    { name: 'late', open: false, overdue: true, reason: 'x', seconds: 900 },
    { name: 'cpu', open: true, overdue: false, reason: '', seconds: 1 },
  ],
  pods: { state: 'connected', known: 9 },
  starts: [],
}

t.test('a pod that waits: its place, who holds, and the gates that are closed in earnest', async (t) => {
  t.strictSame(lockPlaceOf(state, 'shop/web-1'), {
    kind: 'queued',
    position: 2,
    waitedSeconds: 12,
    leftSeconds: 200,
    holders: [{ pod: 'shop/api-1', heldSeconds: 7, lacks: 'api: readiness probe' }, { pod: 'shop/old-1', heldSeconds: 1 }, { pod: 'shop/blind-1', heldSeconds: 1 }],
    gates: [{ name: 'tcp://db:5432', reason: 'connection refused', closedSeconds: 20 }],
  })
})

t.test('a pod that waits for what it depends on: those that it still waits for', async (t) => {
  t.strictSame(lockPlaceOf(state, 'shop/web-2'), { kind: 'gated', waitedSeconds: 40, waitsFor: [{ target: 'job/db', state: '0 of 1 replicas ready', leftSeconds: 560, onTimeout: 'fail' }], cycle: ['job/db', 'deployment/shop/web'] })
  const { gated: _gated, ...older } = state
  t.equal(lockPlaceOf(older, 'shop/web-2'), undefined, 'a lock of before knows of none')
})

t.test('a pod that holds: whether what is known of its containers is of this start', async (t) => {
  t.strictSame(lockPlaceOf(state, 'shop/api-1'), { kind: 'holds', heldSeconds: 7, isStatusOld: false })
  t.strictSame(lockPlaceOf(state, 'shop/old-1'), { kind: 'holds', heldSeconds: 1, isStatusOld: true })
  t.match(lockPlaceOf(state, 'shop/blind-1'), { isStatusOld: false }, 'a lock without pods knows of none')
  t.equal(lockPlaceOf(state, 'shop/nobody'), undefined)
})
