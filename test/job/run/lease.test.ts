import t from 'tap'
import { leaseMs, type LeaseRecord, liveness, look } from '../../../src/job/run/lease.ts'

const record: LeaseRecord = { holder: 'ada@desk', renewTime: '2026-05-01T10:00:00.000000Z', durationMs: leaseMs }
const renewed: LeaseRecord = { ...record, renewTime: '2026-05-01T10:00:05.000000Z' }

t.test('whoever renews it while we look is there', async (t) => {
  const first = look(undefined, record, 1_000)
  const last = look(first, renewed, 4_000)
  t.strictSame(liveness(first, last, 4_000), { kind: 'alive', holder: 'ada@desk' })
})

t.test('whoever does not renew it for as long as it lasts is gone; before, it cannot be told', async (t) => {
  const first = look(undefined, record, 1_000)
  const last = look(first, { ...record }, 9_000)
  t.strictSame(liveness(first, last, 9_000), { kind: 'unknown', leftMs: leaseMs - 8_000 })
  t.strictSame(liveness(first, last, 1_000 + leaseMs), { kind: 'expired' })
})

t.test('what the clocks of others say does not count: an old time is not taken for expired, nor a future one for alive', async (t) => {
  for (const renewTime of ['1999-01-01T00:00:00.000000Z', '2099-01-01T00:00:00.000000Z', '']) {
    const first = look(undefined, { ...record, renewTime }, 0)
    t.match(liveness(first, first, 10), { kind: 'unknown' }, renewTime)
    t.match(liveness(first, look(first, { ...record, renewTime }, leaseMs), leaseMs), { kind: 'expired' }, renewTime)
  }
})

t.test('a lease that is not there may be about to be taken; then somebody is there', async (t) => {
  const first = look(undefined, undefined, 0)
  t.match(liveness(first, look(first, undefined, 500), 500), { kind: 'unknown', leftMs: leaseMs - 500 })
  t.match(liveness(first, look(first, undefined, leaseMs), leaseMs), { kind: 'expired' })
  t.match(liveness(first, look(first, record, 600), 600), { kind: 'alive', holder: 'ada@desk' })
})

t.test('a lease that was deleted while we looked is not alive, and is waited for once more', async (t) => {
  const first = look(undefined, record, 0)
  const last = look(first, undefined, 5_000)
  t.match(liveness(first, last, 5_000), { kind: 'unknown', leftMs: leaseMs })
})
