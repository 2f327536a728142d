import t from 'tap'
import { withoutLock } from '../../src/cli/without-lock.ts'
import type { WantedWorkload } from '../../src/placement/plan-workload.ts'
import type { JsonObject } from '../../src/units/json.ts'

const asks = { 'usher.dev/inject': 'enabled' }

function told(metadata: JsonObject, { inits = [], kind = 'Deployment', judgedBy = 'dry-run' }: { readonly inits?: readonly string[]; readonly kind?: string; readonly judgedBy?: WantedWorkload['judgedBy'] } = {}): string | undefined {
  const pod = { metadata, spec: { initContainers: inits.map((name) => ({ name })), containers: [{ name: 'app' }] } }
  return withoutLock({ kind, name: 'web', pod, judgedBy } as unknown as WantedWorkload)
}

t.test('pods that ask for the lock or wait for others, and get no usher-lock: what they do instead', async (t) => {
  t.equal(told({ labels: asks }), 'pods of Deployment web get no usher-lock here, so they start without waiting for their turn: usher check says why')
  t.equal(
    told({ labels: asks, annotations: { 'usher.dev/depends-on': 'job/db:timeout=5m, service/shop/redis' } }),
    'pods of Deployment web get no usher-lock here, so they start without waiting for their turn and do not wait for job/db, service/shop/redis: usher check says why',
  )
  const own = { annotations: { 'usher.dev/depends-on': 'job/db' } }
  t.match(told(own), /so they do not wait for job\/db:/, 'a plain workload in a namespace that usher is not on for')
  t.match(told({ labels: asks, annotations: { ...own.annotations, 'usher.dev/lock': 'disabled' } }), /so they do not wait for job\/db:/)
  t.match(told({ labels: asks, ...own }, { kind: 'DaemonSet' }), /so they do not wait for job\/db:/)
})

t.test('nothing is said of pods that get it, that ask for nothing, or of which it cannot be told', async (t) => {
  t.equal(told({ labels: asks }, { inits: ['usher-lock'] }), undefined)
  t.equal(told({ labels: asks, annotations: { 'usher.dev/lock': 'disabled' } }), undefined)
  t.equal(told({ annotations: { 'usher.dev/depends-on': 'disabled' } }), undefined)
  t.equal(told({ labels: asks }, { kind: 'DaemonSet' }), undefined)
  t.equal(told({}), undefined)
  t.equal(told({ labels: asks }, { judgedBy: 'as-written' }), undefined)
})
