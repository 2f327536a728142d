import t from 'tap'
import { type ClaimFacts, findClaim, findNewClaim, isForOneNode, isForOnePod, whyNotWith } from '../../src/placement/claim-place.ts'
import { place } from '../../src/placement/place.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { batchOf, beside, podOf, roomOf } from './world.ts'

const rooms = (): ReturnType<typeof roomOf>[] => [roomOf('a1', {}, { labels: { zone: 'a', 'topology.kubernetes.io/zone': 'a' } }), roomOf('b1', {}, { labels: { zone: 'b', 'topology.kubernetes.io/zone': 'b' } }), roomOf('c1')]
const claim = (spec: JsonObject, more: JsonObject = {}): JsonObject => ({ metadata: { name: 'data' }, spec, ...more })
const bound = claim({ volumeName: 'pv-1', accessModes: ['ReadWriteOnce'] })
const affine = (key: string, ...values: readonly string[]): JsonObject => ({ spec: { nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key, operator: 'In', values }] }] } } } })
const waiting = (name: string, more: JsonObject = {}): JsonObject => ({ metadata: { name }, provisioner: 'csi.example', volumeBindingMode: 'WaitForFirstConsumer', ...more })

function factsOf(parts: Partial<ClaimFacts>): ClaimFacts {
  return { claims: new Map([['data', bound]]), volumes: new Map(), classes: [], ...parts }
}

/** On which nodes pods can be. */
function nodesOf({ place }: ReturnType<typeof findClaim>): readonly string[] {
  return rooms().flatMap(({ node }) => (whyNotWith(place === undefined ? [] : [place], node) === undefined ? [node.name] : []))
}

t.test('a bound claim: on the nodes that its volume is for', async (t) => {
  const of = (volume: JsonObject): readonly string[] => nodesOf(findClaim('data', factsOf({ volumes: new Map([['pv-1', volume]]) })))
  t.strictSame(of(affine('kubernetes.io/hostname', 'b1')), ['b1'])
  t.strictSame(of(affine('zone', 'a', 'b')), ['a1', 'b1'])
  t.strictSame(of({ spec: {} }), ['a1', 'b1', 'c1'])
  t.strictSame(of({ metadata: { labels: { 'topology.kubernetes.io/zone': 'b__x' } } }), ['b1', 'c1'], 'by labels of zones, which bind no node that has none')
  t.strictSame(of({ metadata: { labels: { 'failure-domain.beta.kubernetes.io/zone': 'a' } } }), ['a1', 'c1'])
  t.match(findClaim('data', factsOf({})), { place: undefined, notJudged: /volume pv-1 of claim data is, which could not be read/ })
})

t.test('claims with which no pod starts anywhere', async (t) => {
  const why = (facts: Partial<ClaimFacts>): unknown => {
    const { place } = findClaim('data', factsOf(facts))
    return place?.nodes === 'none' ? place.detail : undefined
  }
  t.equal(why({ claims: new Map() }), 'there is no claim data')
  t.equal(why({ volumes: new Map([['pv-1', undefined]]) }), 'volume pv-1 of claim data is gone')
  t.equal(why({ claims: new Map([['data', claim({}, { status: { phase: 'Lost' } })]]) }), 'claim data has lost its volume')
  t.equal(why({ claims: new Map([['data', claim({}, { metadata: { deletionTimestamp: '2026-01-01T00:00:00Z' } })]]) }), 'claim data is being deleted')
})

t.test('a claim without a volume: where its class makes one; what binds at once, nobody knows', async (t) => {
  const topologies = { allowedTopologies: [{ matchLabelExpressions: [{ key: 'zone', values: ['b'] }] }, {}] }
  const of = (spec: JsonObject, more: JsonObject = {}): ReturnType<typeof findClaim> =>
    findNewClaim('data', claim(spec, more), factsOf({ classes: [waiting('wide'), waiting('zonal', topologies), waiting('local', { provisioner: 'kubernetes.io/no-provisioner' }), { metadata: { name: 'now' }, provisioner: 'x', volumeBindingMode: 'Immediate' }] }))
  t.strictSame(nodesOf(of({ storageClassName: 'zonal' })), ['b1'])
  t.match(of({ storageClassName: 'zonal' }), { place: { detail: 'class zonal makes no volume for claim data there' }, notJudged: 'whether class zonal has storage for claim data' })
  t.match(of({ storageClassName: 'wide' }), { place: undefined, notJudged: /storage/ })
  t.match(of({ storageClassName: 'local' }), { place: undefined, notJudged: 'which of the volumes of class local claim data gets' })
  for (const name of ['now', 'nowhere', '']) t.match(of({ storageClassName: name }), { place: undefined, notJudged: /which has none yet/ })
  t.strictSame(nodesOf(of({ storageClassName: 'wide' }, { metadata: { annotations: { 'volume.kubernetes.io/selected-node': 'a1' } } })), ['a1'])
  const standard = (name: string, year: number): JsonObject => waiting(name, { ...topologies, metadata: { name, creationTimestamp: `${year}-01-01T00:00:00Z`, annotations: { 'storageclass.kubernetes.io/is-default-class': 'true' } } })
  t.match(findNewClaim('data', claim({}), factsOf({ classes: [standard('old', 2020), standard('new', 2026), standard('mid', 2023)] })), { place: { detail: /^class new / } }, 'the newest of the default classes')
  t.match(findNewClaim('data', claim({}), factsOf({ classes: undefined })), { notJudged: /could not be listed/ })
})

t.test('who may use a claim at once', async (t) => {
  t.strictSame([isForOnePod(claim({ accessModes: ['ReadWriteOncePod'] })), isForOnePod(bound), isForOnePod(undefined)], [true, false, false])
  t.strictSame([isForOneNode(bound), isForOneNode(claim({ accessModes: ['ReadWriteOnce', 'ReadWriteMany'] })), isForOneNode(undefined)], [true, false, false])
})

t.test('a claim for one pod at a time: one instance, and none while a pod anywhere uses it', async (t) => {
  const batch = (): ReturnType<typeof batchOf> => batchOf(podOf(), 3, {}, ['data'])
  t.match(place(rooms(), batch()), { placed: 1, nodes: [{}, { fits: 1, reasons: [{ code: 'volume', detail: /^claim data is for one pod at a time \(ReadWriteOncePod\)/ }] }] })
  const user = (namespace: string, claimName: string): JsonObject => podOf({}, { volumes: [{ name: 'x', persistentVolumeClaim: { claimName } }] }, { namespace })
  t.match(place(rooms(), beside(batch(), ['a1', user('shop', 'data')])), { placed: 0, nodes: [{ fits: 0 }, { reasons: [{ code: 'volume', detail: /, and one uses it$/ }] }] })
  t.equal(place(rooms(), beside(batch(), ['a1', user('elsewhere', 'data')], ['a1', user('shop', 'other')])).placed, 1)
})

t.test('nodes that a volume is not for take no instance; a DaemonSet lacks one there', async (t) => {
  const { place: at } = findClaim('data', factsOf({ volumes: new Map([['pv-1', affine('kubernetes.io/hostname', 'b1')]]) }))
  const groups = [{ count: Number.POSITIVE_INFINITY, places: at === undefined ? [] : [at] }]
  const { placed, nodes } = place(rooms(), batchOf(podOf({ cpu: '1' }), 5, { groups }))
  t.equal(placed, 4)
  t.match(nodes[0], { isEligible: false, fits: 0, reasons: [{ code: 'volume', detail: 'volume pv-1 of claim data is elsewhere' }] })
  t.match(place(rooms(), batchOf(podOf(), 'each-node', { groups })), { placed: 1, wanted: 3 })
})

t.test('instances with claims of their own: each where its volume is, and the others make room for them', async (t) => {
  const on = (...names: readonly string[]): JsonObject => affine('kubernetes.io/hostname', ...names)
  const groupOf = (volume: JsonObject, count = 1): { readonly count: number; readonly places: ReturnType<typeof whyNotWith>[] } => {
    const { place: found } = findClaim('data', factsOf({ volumes: new Map([['pv-1', volume]]) }))
    return { count, places: found === undefined ? [] : [found] }
  }
  const placedOf = (groups: readonly ReturnType<typeof groupOf>[], spec: JsonObject = {}): readonly number[] =>
    place([roomOf('a1', { cpu: '3' }), roomOf('b1', { cpu: '1' }), roomOf('c1', { cpu: '1' })], batchOf(podOf({ cpu: '1' }, spec), groups.reduce((sum, { count }) => sum + count, 0), { groups: groups as never })).nodes.map(({ placed }) => placed)
  t.strictSame(placedOf([groupOf(on('b1')), groupOf({ spec: {} }, 2)]), [2, 1, 0])
  t.strictSame(placedOf([groupOf(on('b1', 'c1')), groupOf(on('b1')), groupOf({ spec: {} }, 3)]), [3, 1, 1])
  t.strictSame(placedOf([groupOf(on('b1')), groupOf(on('b1', 'x'))]), [0, 1, 0], 'two that can only be on one node')
  const apart = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } }] } } }
  t.strictSame(placedOf([groupOf(on('a1', 'b1')), groupOf(on('a1', 'c1')), groupOf(on('a1'))], apart), [1, 1, 1])
})
