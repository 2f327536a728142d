import t from 'tap'
import { ClusterRoom, type Interest } from '../../src/placement/cluster-room.ts'
import { demandOf } from '../../src/placement/demand.ts'
import { Ground } from '../../src/placement/ground.ts'
import { Neighbourhood } from '../../src/placement/neighbourhood.ts'
import { planWorkload, type WantedWorkload } from '../../src/placement/plan-workload.ts'
import { ownerOf } from '../../src/placement/pod-owner.ts'
import type { WorkloadPlan } from '../../src/placement/room-plan.ts'
import { wishOf } from '../../src/placement/workload.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { podOf, roomOf, writing } from './world.ts'

const gibi = (count: number): JsonObject => ({ memory: `${count}Gi` })

/** A pod of the Deployment `web`. */
function webPod(name: string, node: string | undefined, memory = 2, hash = 'one', more: JsonObject = {}): JsonObject {
  const owner = { kind: 'ReplicaSet', name: `web-${hash}`, uid: 'u', controller: true }
  return podOf(gibi(memory), node === undefined ? {} : { nodeName: node }, { name, namespace: 'shop', creationTimestamp: `2026-01-01T00:00:0${hash === 'one' ? 1 : 2}Z`, labels: { app: 'web', 'pod-template-hash': hash }, ownerReferences: [owner], ...more })
}

interface Story {
  readonly kind?: string
  readonly spec?: JsonObject
  readonly pod?: JsonObject
  readonly pods?: readonly JsonObject[]
  readonly isTemplateChanged?: boolean
  readonly nodes?: readonly ReturnType<typeof roomOf>[]
  readonly placesByOrdinal?: WantedWorkload['placesByOrdinal']
}

function plan({ kind = 'Deployment', spec = {}, pod = podOf(gibi(2)), pods = [], isTemplateChanged = false, nodes = [roomOf('a', gibi(5)), roomOf('b', gibi(5))], placesByOrdinal }: Story): WorkloadPlan {
  const demand = demandOf(pod, 'shop')
  const interest: Interest = { owner: ownerOf(kind, 'shop', 'web', 'uid'), neighbourhood: new Neighbourhood(demand) }
  const cluster = new ClusterRoom(nodes, [interest])
  for (const each of pods) cluster.add(each)
  const wanted: WantedWorkload = { kind, name: 'web', namespace: 'shop', wish: wishOf({ kind, spec }), pod, demand, places: [], placesByOrdinal, judgedBy: 'dry-run', isTemplateChanged, revision: undefined, lock: undefined, interest, writing, notJudged: [] }
  return planWorkload(wanted, cluster, Ground.of(cluster.rooms, [interest])).plan
}

t.test('pods that run have their room already; those without a node, and those that are over, have not', async (t) => {
  const over = { ...webPod('x', 'a'), status: { phase: 'Succeeded' } }
  const ending = webPod('y', 'b', 2, 'one', { deletionTimestamp: '2026-01-01T00:00:00Z' })
  const found = plan({ spec: { replicas: 3 }, pods: [webPod('p', 'a'), webPod('q', undefined), over, ending] })
  t.match(found, { instances: 3, running: 1, outdated: 0, needed: 2, placed: 2, problem: undefined })
  t.match(found.nodes, [{ running: 1, fits: 1 }, { running: 0, fits: 1 }], 'a pod that ends has its room until it is gone')
})

t.test('the sentence is about the whole job: what runs is part of both numbers', async (t) => {
  t.match(plan({ spec: { replicas: 5 }, pods: [webPod('p', 'a'), webPod('q', 'b')] }).problem, { code: 'no-placement', detail: 'Job requires room for 5 instances but only 4 can be placed (2 of 2 nodes: too little memory free).' })
  t.match(plan({ spec: { replicas: 6 }, pods: [webPod('p', 'a'), webPod('q', 'b')] }).problem, { code: 'insufficient-memory', detail: 'Job requires 12Gi of memory but only 10Gi can be allocated.' })
})

t.test('a new template: the room of the old pods is free in the end, and not for the surge', async (t) => {
  const pods = [webPod('p', 'a', 4), webPod('q', 'b', 4)]
  const found = plan({ spec: { replicas: 2 }, pod: podOf(gibi(5)), pods, isTemplateChanged: true })
  t.match(found, { running: 0, outdated: 2, needed: 2, placed: 2, rollout: { kind: 'rolling', maxSurge: 1, maxUnavailable: 0, surgeRoom: 0, goesOn: false } })
  t.match(plan({ spec: { replicas: 2 }, pod: podOf(gibi(1)), pods, isTemplateChanged: true }).rollout, { surgeRoom: 1, goesOn: true })
  t.match(plan({ spec: { replicas: 4 }, pod: podOf(gibi(1)), pods, isTemplateChanged: true }).rollout, { maxSurge: 1, maxUnavailable: 1 })
})

t.test('in the middle of a rollout, the newest pods count', async (t) => {
  t.match(plan({ spec: { replicas: 2 }, pods: [webPod('p', 'a', 2, 'one'), webPod('q', 'b', 2, 'two')] }), { running: 1, outdated: 1, needed: 1, placed: 1 })
})

t.test('more run than are wanted: nothing is needed', async (t) => {
  t.match(plan({ spec: { replicas: 1 }, pods: [webPod('p', 'a'), webPod('q', 'b')] }), { instances: 1, running: 1, outdated: 1, needed: 0, problem: undefined })
  t.match(plan({ spec: { replicas: 0 } }), { instances: 0, needed: 0, rollout: { goesOn: true }, problem: undefined })
})

t.test('pods that keep apart: the old ones stand in the way of a surge, and not of what comes after them', async (t) => {
  const apart = { affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } }] } } }
  const pod = podOf(gibi(1), apart)
  const pods = [webPod('p', 'a', 1), webPod('q', 'b', 1)]
  t.match(plan({ spec: { replicas: 2 }, pod, pods, isTemplateChanged: true }), { placed: 2, rollout: { surgeRoom: 0, goesOn: false }, problem: undefined })
  t.match(plan({ spec: { replicas: 2 }, pod }), { placed: 2, rollout: { surgeRoom: 0 } }, 'nor is there a node left where two are placed only now')
  t.match(plan({ spec: { replicas: 3 }, pod, pods }), { running: 2, needed: 1, placed: 0, problem: { code: 'no-placement', detail: 'Job requires room for 3 instances but only 2 can be placed (2 of 2 nodes: anti-affinity).' } })
})

t.test('a DaemonSet: one on each node that takes it, on those that are not ready, too', async (t) => {
  const daemon = { kind: 'DaemonSet', name: 'web', uid: 'uid', controller: true }
  const running = podOf(gibi(1), { nodeName: 'a' }, { name: 'web-x', ownerReferences: [daemon] })
  const nodes = (): readonly ReturnType<typeof roomOf>[] => [roomOf('a'), roomOf('b', {}, { isReady: false }), roomOf('c', gibi(1)), roomOf('d', {}, { spec: { taints: [{ key: 'x', effect: 'NoSchedule' }] } })]
  t.match(plan({ kind: 'DaemonSet', pod: podOf(gibi(1)), pods: [running], nodes: nodes() }), { instances: 3, running: 1, needed: 2, placed: 2, problem: undefined })
  t.match(plan({ kind: 'DaemonSet', pods: [running], nodes: nodes() }).problem, { code: 'no-placement', detail: 'Job requires an instance on each of 2 more nodes but only 1 can be placed (1 of 4 nodes: too little memory free).' })
  const nowhere = plan({ kind: 'DaemonSet', pod: podOf({}, { nodeSelector: { gpu: 'yes' } }), nodes: nodes() })
  t.match(nowhere, { instances: 0, needed: 0, problem: undefined }, 'a DaemonSet that no node takes has no pods, and lacks nothing')
})

t.test('no node that takes an instance, or none at all', async (t) => {
  t.match(plan({ nodes: [] }).problem, { code: 'no-placement', detail: 'Job cannot be placed: the cluster has no nodes.' })
  t.match(plan({ nodes: [roomOf('a', {}, { spec: { unschedulable: true } }), roomOf('b', {}, { spec: { unschedulable: true } }), roomOf('c', {}, { isReady: false })] }).problem, {
    code: 'no-placement',
    detail: 'Job cannot be placed: no node takes an instance (2 of 3 nodes: cordoned; 1 of 3 nodes: not ready).',
  })
})

const apartBy = (keys: JsonObject): JsonObject => ({ affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } }, ...keys }] } } })

t.test('anti-affinity within a revision: old pods do not stand in the way of a surge, those of the same template do', async (t) => {
  const spec = apartBy({ matchLabelKeys: ['pod-template-hash'] })
  // As the API server has put the key into the selector.
  const old = (name: string, node: string): JsonObject => ({ ...webPod(name, node, 1), spec: { ...podOf(gibi(1)).spec as JsonObject, nodeName: node, ...apartBy({ labelSelector: { matchLabels: { app: 'web' }, matchExpressions: [{ key: 'pod-template-hash', operator: 'In', values: ['one'] }] } }) } })
  const pods = [old('p', 'a'), old('q', 'b')]
  t.match(plan({ spec: { replicas: 2 }, pod: podOf(gibi(1), spec), pods, isTemplateChanged: true }), { placed: 2, rollout: { surgeRoom: 1, goesOn: true } })
  t.match(plan({ spec: { replicas: 3 }, pod: podOf(gibi(1), spec), pods }), { running: 2, needed: 1, placed: 0, problem: { code: 'no-placement' } })
  t.match(plan({ spec: { replicas: 2 }, pod: podOf(gibi(1), apartBy({ mismatchLabelKeys: ['pod-template-hash'] })), pods, isTemplateChanged: true }), { placed: 2, rollout: { surgeRoom: 0 } }, 'of other revisions: the old ones do')
})

t.test('pods of before that keep others away do so while they are there', async (t) => {
  const keeping = (name: string, node: string): JsonObject => ({ ...webPod(name, node, 1), spec: { ...podOf(gibi(1)).spec as JsonObject, nodeName: node, ...apartBy({}) } })
  t.match(plan({ spec: { replicas: 2 }, pod: podOf(gibi(1)), pods: [keeping('p', 'a'), keeping('q', 'b')], isTemplateChanged: true }), { placed: 2, rollout: { surgeRoom: 0, goesOn: false }, problem: undefined })
})

t.test('a StatefulSet: those that are missing need the nodes of their own claims, and no others', async (t) => {
  const at = (node: string): WantedWorkload['placesByOrdinal'] extends ReadonlyMap<number, infer Places> | undefined ? Places : never => [{ detail: 'elsewhere', nodes: { terms: [{ expressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [node] }], fields: [] }], zones: [], name: undefined } }]
  const running = (ordinal: number, node: string): JsonObject => podOf(gibi(2), { nodeName: node }, { name: `web-${ordinal}`, namespace: 'shop', ownerReferences: [{ kind: 'StatefulSet', name: 'web', uid: 'uid', controller: true }] })
  const placesByOrdinal = new Map([[0, at('a')], [1, at('b')], [2, at('b')]])
  const found = plan({ kind: 'StatefulSet', spec: { replicas: 3 }, pods: [running(1, 'b')], placesByOrdinal })
  t.match(found, { running: 1, needed: 2, placed: 2, nodes: [{ placed: 1 }, { placed: 1 }], problem: undefined })
  t.match(plan({ kind: 'StatefulSet', spec: { replicas: 3 }, pods: [running(0, 'b')], placesByOrdinal }), { needed: 2, placed: 1, nodes: [{ placed: 0, reasons: [{ code: 'volume' }] }, { placed: 1 }] })
})
