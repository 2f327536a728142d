import t from 'tap'
import { isEnabled } from '../../src/check/enabled.ts'

t.test('usher is on where the label says so, and not in a namespace that is being deleted', async (t) => {
  const labels = { 'usher.dev/inject': 'enabled' }
  t.ok(isEnabled({ metadata: { name: 'shop', labels } }))
  t.notOk(isEnabled({ metadata: { name: 'shop', labels: { 'usher.dev/inject': 'audit' } } }))
  t.notOk(isEnabled({ metadata: { name: 'shop' } }))
  t.notOk(isEnabled({ metadata: { name: 'shop', labels, deletionTimestamp: '2026-01-01T00:00:00Z' } }))
})
