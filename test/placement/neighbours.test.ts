import t from 'tap'
import { demandOf } from '../../src/placement/demand.ts'
import { Neighbourhood, neighbourOf } from '../../src/placement/neighbourhood.ts'
import { place } from '../../src/placement/place.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { batchOf, beside, podOf, roomOf } from './world.ts'

const zoned = (): ReturnType<typeof roomOf>[] => [roomOf('a1', {}, { labels: { zone: 'a' } }), roomOf('a2', {}, { labels: { zone: 'a' } }), roomOf('b1', {}, { labels: { zone: 'b' } })]
const required = (kind: 'podAffinity' | 'podAntiAffinity', ...terms: readonly JsonObject[]): JsonObject => ({ affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: terms } } })
const term = (topologyKey: string, app: string, more: JsonObject = {}): JsonObject => ({ topologyKey, labelSelector: { matchLabels: { app } }, ...more })
const running = (app: string, spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject => podOf({}, spec, { name: `${app}-0`, labels: { app }, ...metadata })
const placedBy = (spec: JsonObject, ...pods: readonly (readonly [string, JsonObject])[]): readonly number[] => place(zoned(), beside(batchOf(podOf({}, spec), 99), ...pods)).nodes.map(({ placed }) => placed)

t.test('pods that run keep others away by their anti-affinity, whatever those ask for', async (t) => {
  const keeping = (topologyKey: string, more: JsonObject = {}): JsonObject => running('db', required('podAntiAffinity', term(topologyKey, 'web', more)))
  t.strictSame(placedBy({}, ['a1', keeping('kubernetes.io/hostname')]), [0, 10, 10])
  t.strictSame(placedBy({}, ['a1', keeping('zone')]), [0, 0, 10])
  t.strictSame(placedBy({}, ['a1', keeping('rack')]), [10, 10, 10], 'its node is in no such domain')
  t.strictSame(placedBy({}, ['a1', running('db', required('podAntiAffinity', term('zone', 'api')))]), [10, 10, 10], 'they are about others')
  t.strictSame(placedBy({}, ['a1', running('db', required('podAntiAffinity', term('zone', 'web')), { namespace: 'elsewhere' })]), [10, 10, 10], 'of its own namespace')
  t.strictSame(placedBy({}, ['a1', keeping('zone', { namespaces: ['elsewhere'] })]), [10, 10, 10])
  t.strictSame(placedBy({}, ['a1', keeping('zone', { namespaceSelector: {} })]), [0, 0, 10], 'an empty selector selects all namespaces')
  t.strictSame(placedBy({}, ['a1', { ...keeping('zone'), metadata: { name: 'db-0', namespace: 'shop', deletionTimestamp: '2026-01-01T00:00:00Z' } }]), [0, 0, 10], 'until they are gone')
  const { nodes, placed } = place(zoned(), beside(batchOf(podOf(), 99), ['a1', keeping('zone')]))
  t.equal(placed, 10)
  t.match(nodes[1], { isEligible: true, fits: 0, reasons: [{ code: 'kept-away', detail: 'anti-affinity of pod shop/db-0, which keeps such pods out of zone=a' }] })
})

t.test('anti-affinity that selects namespaces by labels hangs on those of the pods’ own', async (t) => {
  const away = neighbourOf(running('db', required('podAntiAffinity', term('zone', 'web', { namespaceSelector: { matchLabels: { team: 'shop' } } })), { namespace: 'elsewhere' }))
  const of = (labels?: Readonly<Record<string, string>>): Neighbourhood => new Neighbourhood(demandOf(podOf(), 'shop'), labels)
  t.match(of({ team: 'shop' }).markOf(away, false), { repelled: ['zone'] })
  t.equal(of({ team: 'other' }).markOf(away, false), undefined)
  const unknown = of()
  t.equal(unknown.isUnsure, false)
  t.equal(unknown.markOf(away, false), undefined)
  t.equal(unknown.isUnsure, true, 'that is told')
})

t.test('rules of new pods that select namespaces: by their labels, where those are known', async (t) => {
  const pod = podOf({}, required('podAntiAffinity', term('zone', 'db', { namespaceSelector: { matchLabels: { team: 'data' } }, namespaces: ['named'] })))
  const known = demandOf(pod, 'shop', new Map([['selected', { team: 'data' }], ['shop', {}]]))
  const counts = (namespace: string): boolean => new Neighbourhood(known).markOf(neighbourOf(running('db', {}, { namespace })), false) !== undefined
  t.strictSame(['selected', 'named', 'shop'].map(counts), [true, true, false])
  t.strictSame(known.notJudged, [])
  const unknown = demandOf(pod, 'shop')
  t.match(unknown, { apart: [], repulsions: [], notJudged: [/anti-affinity to pods of namespaces that are selected by their labels/] })
  const together = podOf({}, required('podAffinity', term('zone', 'db'), term('zone', 'api', { namespaceSelector: { matchLabels: { team: 'data' } } })))
  t.match(demandOf(together, 'shop'), { together: undefined, notJudged: [/^affinity to pods of namespaces/] }, 'one term alone says nothing')
})

t.test('affinity by zone: where such a pod is; all in one zone, the one with the most room, where there is none', async (t) => {
  t.strictSame(placedBy(required('podAffinity', term('zone', 'db')), ['a2', running('db')]), [10, 10, 0])
  t.strictSame(placedBy(required('podAffinity', term('zone', 'db'))), [0, 0, 0], 'nothing to be with')
  t.strictSame(placedBy(required('podAffinity', term('zone', 'web'))), [10, 10, 0], 'the first of a group may start anywhere')
  t.strictSame(placedBy(required('podAffinity', term('zone', 'web')), ['b1', running('web')]), [0, 0, 10])
  t.strictSame(placedBy(required('podAffinity', term('rack', 'web'))), [0, 0, 0], 'but not where the label is missing')
  const { nodes } = place(zoned(), batchOf(podOf({}, required('podAffinity', term('zone', 'web'))), 21))
  t.match(nodes[2], { placed: 0, reasons: [{ code: 'affinity', detail: 'affinity: none of the pods that it is to be with is in zone=b' }] })
})

t.test('several terms of affinity: one pod that all of them are about, in each of the domains', async (t) => {
  const both = required('podAffinity', term('zone', 'db'), { topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { tier: 'data' } } })
  t.strictSame(placedBy(both, ['a1', running('db', {}, { labels: { app: 'db', tier: 'data' } })]), [10, 0, 0])
  t.strictSame(placedBy(both, ['a1', running('db')], ['a1', running('x', {}, { labels: { tier: 'data' } })]), [0, 0, 0], 'two pods are not one')
})

t.test('label keys: of the same revision are the new pods alone, of others all that run', async (t) => {
  const apart = (keys: JsonObject): JsonObject => required('podAntiAffinity', term('zone', 'web', keys))
  const old = running('web', {}, { labels: { app: 'web', 'pod-template-hash': 'old' } })
  t.strictSame(placedBy(apart({ matchLabelKeys: ['pod-template-hash'] }), ['a1', old]).filter((count) => count > 0), [1, 1], 'old pods do not count')
  t.strictSame(placedBy(apart({ mismatchLabelKeys: ['pod-template-hash'] }), ['a1', old]), [0, 0, 10], 'nor do new ones keep each other away')
  const canary = (labels: JsonObject): JsonObject => running('web', {}, { labels: { app: 'web', ...labels } })
  const pod = podOf({}, apart({ matchLabelKeys: ['track', 'nowhere'] }), { labels: { app: 'web', track: 'canary' } })
  const counted = (labels: JsonObject): boolean => new Neighbourhood(demandOf(pod, 'shop')).markOf(neighbourOf(canary(labels)), false) !== undefined
  t.strictSame([counted({ track: 'canary' }), counted({ track: 'stable' }), counted({})], [true, false, false])
})

t.test('self anti-affinity by zone: one in each, and the rule is named', async (t) => {
  const { placed, nodes } = place(zoned(), batchOf(podOf({}, required('podAntiAffinity', term('zone', 'web'))), 3))
  t.equal(placed, 2)
  t.match(nodes.map(({ reasons }) => reasons[0]?.detail), ['anti-affinity: one of them for each zone', 'anti-affinity: such a pod is in zone=a already', 'anti-affinity: one of them for each zone'])
})
