import * as fc from 'fast-check'
import t from 'tap'
import { readDaemonSet } from '../../src/node-health/daemon-set.ts'
import { readNode } from '../../src/node-health/node.ts'
import { type Placement, placementOn } from '../../src/node-health/placement.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { daemonSetJson, nodeJson } from '../support/daemon-json.ts'
import { forAll } from '../support/property.ts'

/** What becomes of a DaemonSet with such pods on a node. */
function placed(pod: JsonObject, node: JsonObject): Placement {
  const [daemonSet, facts] = [readDaemonSet(daemonSetJson('agent', { pod })), readNode(node)]
  if (daemonSet === undefined || facts === undefined) throw new Error('they cannot be read')
  return placementOn(daemonSet, facts)
}

const n1 = nodeJson('n1', { disk: 'ssd', cores: '8', zone: 'a', low: '-3' })

const affine = (...nodeSelectorTerms: readonly JsonObject[]): JsonObject => ({
  affinity: { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms } } },
})
const expression = (key: string, operator: string, ...values: readonly string[]): JsonObject => affine({ matchExpressions: [{ key, operator, values }] })
const field = (key: string, operator: string, ...values: readonly string[]): JsonObject => affine({ matchFields: [{ key, operator, values }] })

for (const [what, pod, expected] of [
  ['nothing asked for', {}, 'runs'],
  ['this node’s name', { nodeName: 'n1' }, 'runs'],
  ['another node’s name', { nodeName: 'n2' }, 'none'],
  ['an empty name', { nodeName: '' }, 'runs'],
  ['a selector that matches', { nodeSelector: { disk: 'ssd', zone: 'a' } }, 'runs'],
  ['a selector of which one label differs', { nodeSelector: { disk: 'ssd', zone: 'b' } }, 'none'],
  ['a selector for a label that is not there', { nodeSelector: { gpu: '' } }, 'none'],
  ['a selector for what every object has', { nodeSelector: { constructor: 'x' } }, 'none'],
  ['In', expression('zone', 'In', 'b', 'a'), 'runs'],
  ['In, of others', expression('zone', 'In', 'b', 'c'), 'none'],
  ['In, of a label that is not there', expression('gpu', 'In', 'a'), 'none'],
  ['In, of nothing', expression('zone', 'In'), 'none'],
  ['NotIn', expression('zone', 'NotIn', 'b'), 'runs'],
  ['NotIn, and it is', expression('zone', 'NotIn', 'b', 'a'), 'none'],
  ['NotIn, of a label that is not there', expression('gpu', 'NotIn', 'a'), 'runs'],
  ['NotIn, of nothing', expression('gpu', 'NotIn'), 'none'],
  ['Exists', expression('disk', 'Exists'), 'runs'],
  ['Exists, and it does not', expression('gpu', 'Exists'), 'none'],
  ['Exists with a value cannot be understood', expression('disk', 'Exists', 'ssd'), 'none'],
  ['DoesNotExist', expression('gpu', 'DoesNotExist'), 'runs'],
  ['DoesNotExist, and it does', expression('disk', 'DoesNotExist'), 'none'],
  ['Gt', expression('cores', 'Gt', '7'), 'runs'],
  ['Gt of the same', expression('cores', 'Gt', '8'), 'none'],
  ['Gt, by numbers and not by letters', expression('cores', 'Gt', '10'), 'none'],
  ['Gt below zero', expression('low', 'Gt', '-4'), 'runs'],
  ['Gt of a label that is no number', expression('zone', 'Gt', '1'), 'none'],
  ['Gt of a label that is not there', expression('gpu', 'Gt', '-1'), 'none'],
  ['Gt of what is no number', expression('cores', 'Gt', 'a'), 'none'],
  ['Gt of two', expression('cores', 'Gt', '1', '2'), 'none'],
  ['Lt', expression('cores', 'Lt', '9'), 'runs'],
  ['Lt of the same', expression('cores', 'Lt', '8'), 'none'],
  ['Lt of more than 64 bits', expression('cores', 'Lt', '9223372036854775808'), 'none'],
  ['Lt of the most that there is', expression('cores', 'Lt', '9223372036854775807'), 'runs'],
  ['an operator that nobody knows', expression('cores', 'Near', '8'), 'none'],
  ['a field: this node’s name', field('metadata.name', 'In', 'n1'), 'runs'],
  ['a field: another node’s name', field('metadata.name', 'In', 'n2'), 'none'],
  ['a field: not this node’s name', field('metadata.name', 'NotIn', 'n1'), 'none'],
  ['a field: not another node’s name', field('metadata.name', 'NotIn', 'n2'), 'runs'],
  ['a field with two values cannot be understood', field('metadata.name', 'In', 'n1', 'n2'), 'none'],
  ['a field with another operator cannot be understood', field('metadata.name', 'Exists'), 'none'],
  ['a field that nodes do not have', field('metadata.uid', 'In', 'n1'), 'none'],
  ['no terms at all', affine(), 'none'],
  ['an empty term', affine({}), 'none'],
  ['an empty term beside one that matches', affine({}, { matchExpressions: [{ key: 'disk', operator: 'Exists' }] }), 'runs'],
  ['one that cannot be understood beside one that matches', affine({ matchExpressions: [{ key: 'disk', operator: '?' }] }, { matchExpressions: [{ key: 'disk', operator: 'Exists' }] }), 'runs'],
  ['a term of which one part does not match', affine({ matchExpressions: [{ key: 'disk', operator: 'Exists' }, { key: 'gpu', operator: 'Exists' }] }), 'none'],
  ['a term whose field does not match', affine({ matchExpressions: [{ key: 'disk', operator: 'Exists' }], matchFields: [{ key: 'metadata.name', operator: 'In', values: ['n2'] }] }), 'none'],
  ['a selector that does not match, with a term that does', { nodeSelector: { zone: 'b' }, ...expression('disk', 'Exists') }, 'none'],
  ['a preference alone', { affinity: { nodeAffinity: { preferredDuringSchedulingIgnoredDuringExecution: [{ weight: 1, preference: { matchExpressions: [{ key: 'gpu', operator: 'Exists' }] } }] } } }, 'runs'],
] as const satisfies readonly (readonly [string, JsonObject, Placement])[]) {
  t.test(`by its node: ${what}`, async (t) => {
    t.equal(placed(pod, n1), expected)
  })
}

type Taint = Readonly<Record<'key' | 'effect', string> & { value?: string }>
const taint = (key: string, effect: string, value?: string): Taint => ({ key, effect, ...(value === undefined ? {} : { value }) })
const tolerating = (...tolerations: readonly JsonObject[]): JsonObject => ({ tolerations })
const condition = (name: string): string => `node.kubernetes.io/${name}`

for (const [what, pod, taints, expected] of [
  ['none', {}, [], 'runs'],
  ['NoSchedule', {}, [taint('team', 'NoSchedule', 'db')], 'stays'],
  ['NoExecute', {}, [taint('team', 'NoExecute', 'db')], 'none'],
  ['PreferNoSchedule', {}, [taint('team', 'PreferNoSchedule', 'db')], 'runs'],
  ['both', {}, [taint('team', 'NoSchedule'), taint('team', 'NoExecute')], 'none'],
  ['Equal', tolerating({ key: 'team', operator: 'Equal', value: 'db', effect: 'NoSchedule' }), [taint('team', 'NoSchedule', 'db')], 'runs'],
  ['Equal, of another value', tolerating({ key: 'team', operator: 'Equal', value: 'web', effect: 'NoSchedule' }), [taint('team', 'NoSchedule', 'db')], 'stays'],
  ['no operator is Equal', tolerating({ key: 'team', value: 'db' }), [taint('team', 'NoSchedule', 'db')], 'runs'],
  ['no operator and no value', tolerating({ key: 'team' }), [taint('team', 'NoSchedule')], 'runs'],
  ['Exists', tolerating({ key: 'team', operator: 'Exists' }), [taint('team', 'NoSchedule', 'db'), taint('team', 'NoExecute', 'x')], 'runs'],
  ['Exists, of another key', tolerating({ key: 'part', operator: 'Exists' }), [taint('team', 'NoSchedule', 'db')], 'stays'],
  ['Exists, of another effect', tolerating({ key: 'team', operator: 'Exists', effect: 'NoSchedule' }), [taint('team', 'NoExecute', 'db')], 'none'],
  ['everything', tolerating({ operator: 'Exists' }), [taint('a', 'NoSchedule'), taint('b', 'NoExecute')], 'runs'],
  ['everything of one effect', tolerating({ operator: 'Exists', effect: 'NoExecute' }), [taint('a', 'NoSchedule'), taint('b', 'NoExecute')], 'stays'],
  ['Gt', tolerating({ key: 'sla', operator: 'Gt', value: '900' }), [taint('sla', 'NoSchedule', '950')], 'runs'],
  ['Gt, and it is not', tolerating({ key: 'sla', operator: 'Gt', value: '950' }), [taint('sla', 'NoSchedule', '950')], 'stays'],
  ['Lt', tolerating({ key: 'sla', operator: 'Lt', value: '951' }), [taint('sla', 'NoSchedule', '950')], 'runs'],
  ['Lt of no number', tolerating({ key: 'sla', operator: 'Lt', value: '951' }), [taint('sla', 'NoSchedule', 'low')], 'stays'],
  ['an operator that nobody knows', tolerating({ key: 'sla', operator: '?', value: '9' }), [taint('sla', 'NoSchedule', '9')], 'stays'],
  ['not-ready, so that they stay', {}, [taint(condition('not-ready'), 'NoExecute')], 'runs'],
  ['not-ready, for new ones', {}, [taint(condition('not-ready'), 'NoSchedule'), taint(condition('not-ready'), 'NoExecute')], 'stays'],
  ['unreachable', {}, [taint(condition('unreachable'), 'NoExecute', 'x')], 'runs'],
  ['disk-pressure', {}, [taint(condition('disk-pressure'), 'NoSchedule')], 'runs'],
  ['memory-pressure', {}, [taint(condition('memory-pressure'), 'NoSchedule')], 'runs'],
  ['pid-pressure', {}, [taint(condition('pid-pressure'), 'NoSchedule')], 'runs'],
  ['unschedulable: a node that is cordoned', {}, [taint(condition('unschedulable'), 'NoSchedule')], 'runs'],
  ['memory-pressure by another effect', {}, [taint(condition('memory-pressure'), 'NoExecute')], 'none'],
  ['network-unavailable', {}, [taint(condition('network-unavailable'), 'NoSchedule')], 'stays'],
  ['network-unavailable on the host’s network', { hostNetwork: true }, [taint(condition('network-unavailable'), 'NoSchedule')], 'runs'],
  ['a taint that it tolerates on a node that it does not want', { nodeName: 'n2', ...tolerating({ operator: 'Exists' }) }, [], 'none'],
] as const satisfies readonly (readonly [string, JsonObject, readonly Taint[], Placement])[]) {
  t.test(`by taints: ${what}`, async (t) => {
    t.equal(placed(pod, nodeJson('n1', {}, taints)), expected)
  })
}

t.test('a taint more never brings a pod, and a toleration more never takes one', async (t) => {
  const rank: Readonly<Record<Placement, number>> = { none: 0, stays: 1, runs: 2 }
  const key = fc.constantFrom('team', condition('not-ready'), condition('network-unavailable'))
  const effect = fc.constantFrom('NoSchedule', 'NoExecute', 'PreferNoSchedule')
  const value = fc.constantFrom('', 'a', '7')
  const aTaint = fc.record({ key, effect, value })
  const toleration = fc.record({ key, effect, value, operator: fc.constantFrom('Exists', 'Equal', 'Gt', 'Lt') }, { requiredKeys: ['operator'] })
  const story = fc.record({ hostNetwork: fc.boolean(), taints: fc.array(aTaint, { maxLength: 2 }), more: aTaint, tolerations: fc.array(toleration, { maxLength: 2 }), other: toleration })
  forAll(t, 0.2, story, ({ hostNetwork, taints, more, tolerations, other }) => {
    const before = rank[placed({ hostNetwork, tolerations }, nodeJson('n1', {}, taints))]
    const tainted = rank[placed({ hostNetwork, tolerations }, nodeJson('n1', {}, [...taints, more]))]
    const tolerant = rank[placed({ hostNetwork, tolerations: [...tolerations, other] }, nodeJson('n1', {}, taints))]
    if (tainted > before || tolerant < before) throw new Error(`${before} became ${tainted} and ${tolerant}`)
    return tainted < before || tolerant > before
  })
})

t.test('what is no DaemonSet, or no node, is not read', async (t) => {
  for (const object of [{}, { metadata: {} }, { metadata: { name: 'a', namespace: 'b' }, spec: {} }, { metadata: { name: 'a', namespace: 'b', uid: 'c' } }]) {
    t.equal(readDaemonSet(object), undefined)
  }
  for (const object of [{}, { metadata: {} }, { metadata: null }]) t.equal(readNode(object), undefined)
  t.strictSame(readNode({ metadata: { name: 'n1', labels: null }, spec: { taints: null } }), { name: 'n1', labels: {}, taints: [] })
})
