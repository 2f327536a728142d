import t from 'tap'
import { changesBetween } from '../../src/placement/changes.ts'
import { withoutGone } from '../../src/placement/merge-patch.ts'
import type { JsonObject } from '../../src/units/json.ts'

t.test('what everybody writes at any moment is no change', async (t) => {
  const before = { kind: 'Deployment', metadata: { name: 'web', resourceVersion: '1', generation: 1, managedFields: [], uid: 'a', annotations: { 'kubectl.kubernetes.io/last-applied-configuration': '{}' } }, spec: {}, status: { replicas: 1 } }
  const after = { metadata: { name: 'web', resourceVersion: '2', generation: 2, creationTimestamp: 'now', annotations: {} }, spec: {} }
  t.strictSame(changesBetween(before, after), [])
})

t.test('fields are named by their paths, elements by their names', async (t) => {
  const of = (image: string, more: JsonObject = {}): JsonObject => ({ metadata: { annotations: { 'usher.dev/nap': '5s' } }, spec: { template: { spec: { containers: [{ name: 'web', image, args: ['a', 'b'] }, { name: 'log' }], ...more } } } })
  t.strictSame(changesBetween(of('web:1'), of('web:2')), [{ path: 'spec.template.spec.containers[web].image', before: 'web:1', after: 'web:2' }])
  t.strictSame(changesBetween(of('web:1'), of('web:1', { nodeSelector: { 'disk/type': 'ssd' } })), [{ path: 'spec.template.spec.nodeSelector', after: { 'disk/type': 'ssd' } }])
  t.strictSame(changesBetween({ metadata: { annotations: { 'usher.dev/nap': '5s' } } }, { metadata: { annotations: { 'usher.dev/nap': '9s' } } }), [{ path: 'metadata.annotations[usher.dev/nap]', before: '5s', after: '9s' }])
  t.strictSame(changesBetween({ spec: { containers: [{ name: 'a' }, { name: 'b' }] } }, { spec: { containers: [{ name: 'a' }] } }), [{ path: 'spec.containers[b]', before: { name: 'b' } }])
  t.strictSame(changesBetween({ spec: { args: ['a', 'b'] } }, { spec: { args: ['a', 'c'] } }), [{ path: 'spec.args', before: ['a', 'b'], after: ['a', 'c'] }], 'a list without names, as a whole')
  t.strictSame(changesBetween({ spec: { labels: {} } }, { spec: {} }), [], 'an empty map is no map')
})

t.test('of a Secret it is told that a value changes, and not to what', async (t) => {
  const of = (password: string): JsonObject => ({ kind: 'Secret', data: { password } })
  t.strictSame(changesBetween(of('a'), of('b')), [{ path: 'data.password', before: '(hidden)', after: '(hidden)' }])
  t.strictSame(changesBetween({ kind: 'Secret' }, of('b')), [{ path: 'data', after: '(hidden)' }])
})

t.test('what an earlier manifest has said, and this one does not, is taken out', async (t) => {
  const earlier = { metadata: { name: 'a', labels: { x: '1', y: '2' } }, spec: { replicas: 2, paused: true } }
  const now = { metadata: { name: 'a', labels: { x: '1' } }, spec: { replicas: 3, containers: [{ name: 'a' }] } }
  t.strictSame(withoutGone(earlier, now), { metadata: { name: 'a', labels: { x: '1', y: null } }, spec: { replicas: 3, containers: [{ name: 'a' }], paused: null } })
})
