import t from 'tap'
import { place } from '../../src/placement/place.ts'
import { requestsOf } from '../../src/placement/pod-requests.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { batchOf, beside, podOf, roomOf } from './world.ts'

const gibi = (count: number): JsonObject => ({ memory: `${count}Gi` })

t.test('as many as fit of everything, on the nodes that have the most room', async (t) => {
  const rooms = [roomOf('a', gibi(5)), roomOf('b', gibi(9)), roomOf('c', { memory: '9Gi', pods: '1' })]
  const { placed, wanted, nodes } = place(rooms, batchOf(podOf(gibi(2)), 4))
  t.strictSame([placed, wanted], [4, 4])
  t.strictSame(nodes.map(({ name, fits, placed: there }) => [name, fits, there]), [['a', 2, 1], ['b', 4, 3], ['c', 1, 0]])
  t.strictSame(nodes.map(({ reasons }) => reasons.map(({ code }) => code)), [['memory'], ['memory'], ['pods']])
  t.equal(rooms[1]?.free('memory'), 3 * 2 ** 30, 'its room is taken')
})

t.test('what there is none of is told with its name, and what is not asked for does not count', async (t) => {
  const { placed, nodes } = place([roomOf('a')], batchOf(podOf({ 'example.com/gpu': '1' }), 1))
  t.equal(placed, 0)
  t.match(nodes[0]?.reasons, [{ code: 'resource', detail: 'example.com/gpu: 0 left, one takes 1' }])
  t.equal(place([roomOf('a', { 'example.com/gpu': '2' })], batchOf(podOf({ 'example.com/gpu': '1' }), 3)).placed, 2)
  const full = roomOf('full', gibi(1))
  full.take({ requests: requestsOf(podOf(gibi(3))), ports: [] })
  t.equal(place([full], batchOf(podOf({ cpu: '1' }), 9)).placed, 4, 'a node that has too much of another resource already')
})

t.test('nodes that take none, whatever room they have', async (t) => {
  const taint = { key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }
  const rooms = [
    roomOf('tainted', {}, { spec: { taints: [taint] } }),
    roomOf('preferring', {}, { spec: { taints: [{ ...taint, effect: 'PreferNoSchedule' }] } }),
    roomOf('cordoned', {}, { spec: { unschedulable: true } }),
    roomOf('down', {}, { isReady: false }),
    roomOf('zone-b', {}, { labels: { zone: 'b' } }),
  ]
  const codes = (spec: JsonObject): readonly unknown[] => place(rooms.map((room) => room.copy()), batchOf(podOf({ cpu: '1' }, spec), 0)).nodes.map(({ isEligible, reasons }) => (isEligible ? 'takes' : reasons[0]?.code))
  t.strictSame(codes({}), ['taint', 'takes', 'cordoned', 'not-ready', 'takes'])
  t.strictSame(codes({ tolerations: [{ key: 'dedicated', operator: 'Equal', value: 'gpu', effect: 'NoSchedule' }] }), ['takes', 'takes', 'cordoned', 'not-ready', 'takes'])
  t.strictSame(codes({ tolerations: [{ operator: 'Exists' }] }), ['takes', 'takes', 'takes', 'takes', 'takes'])
  t.strictSame(codes({ nodeSelector: { zone: 'b' } }), ['node-selector', 'node-selector', 'node-selector', 'node-selector', 'takes'])
  const affinity = { nodeAffinity: { requiredDuringSchedulingIgnoredDuringExecution: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'zone', operator: 'NotIn', values: ['b'] }] }] } } }
  t.strictSame(codes({ affinity }), ['taint', 'takes', 'cordoned', 'not-ready', 'node-affinity'])
  t.strictSame(codes({ nodeName: 'zone-b' }), ['other-node', 'other-node', 'other-node', 'other-node', 'takes'])
})

t.test('ports of the node: one pod a node, and none where somebody has the port', async (t) => {
  const spec = { containers: [{ name: 'main', ports: [{ containerPort: 80, hostPort: 8080 }, { containerPort: 53, protocol: 'UDP', hostPort: 53, hostIP: '10.0.0.1' }] }] }
  const taken = roomOf('taken')
  taken.take({ requests: new Map(), ports: [{ port: 53, protocol: 'UDP', address: '0.0.0.0' }] })
  const other = roomOf('other')
  other.take({ requests: new Map(), ports: [{ port: 53, protocol: 'UDP', address: '10.0.0.2' }, { port: 8080, protocol: 'SCTP', address: '0.0.0.0' }] })
  const { placed, nodes } = place([taken, other], batchOf(podOf({}, spec), 5))
  t.equal(placed, 1)
  t.match(nodes.map(({ fits, reasons }) => [fits, reasons[0]?.detail]), [[0, 'port 53/UDP of the node is taken'], [1, 'port 8080/TCP of the node: one pod a node']])
  const onHost = { hostNetwork: true, containers: [{ name: 'main', ports: [{ containerPort: 9100 }] }] }
  t.equal(place([roomOf('a'), roomOf('b')], batchOf(podOf({}, onHost), 5)).placed, 2, 'on the network of the node, each port is one of it')
})

const web = (metadata: JsonObject = {}): JsonObject => podOf({}, {}, metadata)
const db = (metadata: JsonObject = {}, spec: JsonObject = {}): JsonObject => podOf({}, spec, { name: 'db-0', labels: { app: 'db' }, ...metadata })

const own = { matchLabels: { app: 'web' } }
const apartOver = (topologyKey: string, labelSelector: JsonObject = own): JsonObject => ({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector }] } } })
const zoned = (): ReturnType<typeof roomOf>[] => [roomOf('a1', {}, { labels: { zone: 'a' } }), roomOf('a2', {}, { labels: { zone: 'a' } }), roomOf('b1', {}, { labels: { zone: 'b' } })]

t.test('pods that keep apart: one in each domain, and none beside those that are there', async (t) => {
  t.equal(place(zoned(), batchOf(podOf({}, apartOver('kubernetes.io/hostname')), 9)).placed, 3)
  t.equal(place(zoned(), batchOf(podOf({}, apartOver('zone')), 9)).placed, 2)
  t.equal(place([...zoned(), roomOf('nowhere')], batchOf(podOf({}, apartOver('zone')), 99)).placed, 12, 'a node that is in no domain takes any number')

  const batch = batchOf(podOf({}, apartOver('zone', { matchExpressions: [{ key: 'app', operator: 'In', values: ['db'] }] })), 99)
  beside(batch, ['a1', db()], ['b1', web()], ['b1', db({ namespace: 'elsewhere' })])
  const { placed, nodes } = place(zoned(), batch)
  t.equal(placed, 10, 'one that does not count itself is kept away from others alone')
  t.match(nodes[1], { fits: 0, reasons: [{ code: 'anti-affinity', detail: 'anti-affinity: such a pod is in zone=a already' }] })
})

const togetherOn = (labelSelector: JsonObject = own): JsonObject => ({ affinity: { podAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector }] } } })

t.test('required affinity: all of them on one node, which is where one runs already, else the one with the most room', async (t) => {
  const rooms = (): ReturnType<typeof roomOf>[] => ['a', 'b'].map((name, index) => roomOf(name, gibi(4 + 2 * index), { labels: { 'kubernetes.io/hostname': name } }))
  const { placed, nodes } = place(rooms(), batchOf(podOf(gibi(2), togetherOn()), 4))
  t.equal(placed, 3, 'though there is room for five in all')
  t.match(nodes, [{ placed: 0, reasons: [{ code: 'affinity' }] }, { placed: 3, reasons: [{ code: 'memory' }] }])
  const begun = beside(batchOf(podOf(gibi(2), togetherOn()), 4), ['a', web()])
  t.equal(place(rooms(), begun).placed, 2)

  const withOthers = batchOf(podOf(gibi(2), togetherOn({ matchLabels: { app: 'db' } })), 4)
  t.equal(place(rooms(), withOthers).placed, 0, 'none of those that it is to be with is anywhere')
  beside(withOthers, ['b', db()])
  t.equal(place(rooms(), withOthers).placed, 3)
  t.strictSame(batchOf(podOf({}, togetherOn()), 1).demand.notJudged, [])
})

const spreadOver = (topologyKey: string, maxSkew: number, more: JsonObject = {}): JsonObject => ({ topologySpreadConstraints: [{ topologyKey, maxSkew, whenUnsatisfiable: 'DoNotSchedule', labelSelector: own, ...more }] })

t.test('topology spread: no domain is further ahead of the emptiest than it may be', async (t) => {
  const rooms = (): ReturnType<typeof roomOf>[] => [roomOf('a', {}, { labels: { zone: 'a' } }), roomOf('b', { pods: '2' }, { labels: { zone: 'b' } })]
  t.equal(place(rooms(), batchOf(podOf({}, spreadOver('zone', 1)), 99)).placed, 5, '3 and 2')
  t.equal(place(rooms(), batchOf(podOf({}, spreadOver('zone', 4)), 99)).placed, 8, '6 and 2')
  t.equal(place(rooms(), batchOf(podOf({}, spreadOver('zone', 1, { whenUnsatisfiable: 'ScheduleAnyway' })), 99)).placed, 12)
  t.equal(place(rooms(), batchOf(podOf({}, spreadOver('zone', 1, { minDomains: 3 })), 99)).placed, 2, 'one each: a third domain would have none')
  const ending = web({ deletionTimestamp: '2026-01-01T00:00:00Z' })
  const uneven = beside(batchOf(podOf({}, spreadOver('zone', 1)), 99), ['a', web()], ['a', web()], ['a', web()], ['b', ending])
  const { placed, nodes } = place(rooms(), uneven)
  t.equal(placed, 2, 'b catches up, but for one')
  t.match(nodes[0], { fits: 0, reasons: [{ code: 'topology-spread' }] })
  const missing = place([...rooms(), roomOf('c')], batchOf(podOf({}, spreadOver('zone', 1)), 99))
  t.match(missing.nodes[2], { fits: 0, reasons: [{ detail: 'no label zone, over which its pods are spread' }] })
})

t.test('one on each node that may have one, and has none', async (t) => {
  const rooms = [roomOf('a'), roomOf('b', { cpu: '500m' }), roomOf('c'), roomOf('d', {}, { isReady: false })]
  const { placed, wanted, nodes } = place(rooms, batchOf(podOf({ cpu: '1' }), 'each-node', { has: new Set(['a']) }))
  t.strictSame([placed, wanted], [2, 3])
  t.match(nodes.map(({ fits, placed: there }) => [fits, there]), [[0, 0], [0, 0], [1, 1], [1, 1]])
  t.match(nodes[1]?.reasons, [{ code: 'cpu', detail: 'CPU: 500m left, one takes 1' }])
})
