import type { JsonObject } from '../units/json.ts'
import { tolerationsOf } from '../node-health/tolerations.ts'
import { at } from '../check/json-paths.ts'
import type { AmountWriting } from './amount-text.ts'
import type { ClusterRoom, Interest, OwnPod } from './cluster-room.ts'
import type { ClaimPlace } from './claim-place.ts'
import type { Demand } from './demand.ts'
import { fitOn } from './fit.ts'
import type { Ground } from './ground.ts'
import type { Neighbourhood } from './neighbourhood.ts'
import { type Batch, type NodeOutcome, place, type Placed, type VolumeGroup } from './place.ts'
import { problemOf } from './problem.ts'
import type { NodePlan, RolloutPlan, WorkloadPlan } from './room-plan.ts'
import { boundStart, type LockBounds } from './slowest-start.ts'
import type { Rollout, WorkloadWish } from './workload.ts'

/** A workload that is to be put on nodes. */
export interface WantedWorkload {
  readonly kind: string
  readonly name: string
  readonly namespace: string
  readonly wish: WorkloadWish
  /** One of its pods, as it would be created. */
  readonly pod: JsonObject
  readonly demand: Demand
  /** Where its claims let all of its pods be. */
  readonly places: readonly ClaimPlace[]
  /** Of a StatefulSet whose pods have claims of their own: where those let each be, by its ordinal. */
  readonly placesByOrdinal: ReadonlyMap<number, readonly ClaimPlace[]> | undefined
  readonly judgedBy: WorkloadPlan['judgedBy']
  /** Whether new pods would differ from those that run. */
  readonly isTemplateChanged: boolean
  /** Of the newest pods, where the workload says it. */
  readonly revision: string | undefined
  readonly lock: LockBounds | undefined
  readonly interest: Interest
  readonly writing: AmountWriting
  readonly notJudged: readonly string[]
}

const unsure = 'anti-affinity of pods that run, by labels of the namespace, which could not be read'

/** The plan of a workload, and the ground as it would be afterwards. */
export interface PlannedWorkload {
  readonly plan: WorkloadPlan
  readonly ground: Ground
}

/**
 * Plans one workload on nodes that others may have been put on before. Its pods that run and are as new ones would be have
 * their room already; the others go, so that in the end their room is free, and meanwhile is not.
 */
export function planWorkload(wanted: WantedWorkload, cluster: Pick<ClusterRoom, 'ownOf'>, before: Ground): PlannedWorkload {
  const { wish, demand, interest } = wanted
  const placedOwn = cluster.ownOf(interest).filter(({ node }) => node !== undefined)
  const current = currentOf(wanted, placedOwn)
  const staying = new Set(current)
  const outdated = placedOwn.filter((own) => !staying.has(own))
  const ground = before.copy()
  for (const own of outdated) ground.take(own)
  const batch = batchOf(wanted, ground.neighboursOf(interest, current, []), current)
  const start = ground.rooms.map((room) => room.copy())
  const outcome = place(ground.rooms, batch)
  for (const { name, placed } of outcome.nodes) ground.put(interest, name, placed)
  const running = current.length
  const instances = wish.instances === 'each-node' ? outcome.nodes.filter(({ isEligible }) => isEligible).length : wish.instances
  const problem = problemOf({ requests: demand.requests, running, isPerNode: wish.instances === 'each-node', before: start, outcome, writing: wanted.writing })
  const surgeGround = outdated.length > 0 ? before : ground
  const rollout = wish.rollout === undefined ? undefined : rolloutOf(wish.rollout, surgeOf(surgeGround, { ...batch, neighbourhood: surgeGround.neighboursOf(interest, current, outdated) }))
  const plan: WorkloadPlan = {
    kind: wanted.kind,
    name: wanted.name,
    namespace: wanted.namespace,
    instances,
    running,
    outdated: outdated.length,
    needed: outcome.wanted,
    placed: outcome.placed,
    requests: Object.fromEntries(demand.requests),
    writing: wanted.writing,
    judgedBy: wanted.judgedBy,
    ...(rollout === undefined ? {} : { rollout }),
    start: boundStart(wanted.pod, wanted.lock, mostOnOne(outcome, instances)),
    nodes: nodePlans(outcome.nodes, current),
    notJudged: [...demand.notJudged, ...(interest.neighbourhood.isUnsure ? [unsure] : []), ...wanted.notJudged],
    ...(problem === undefined ? {} : { problem }),
  }
  return { plan, ground }
}

/** Those that new pods would be like, as many as are wanted. */
function currentOf({ wish, isTemplateChanged, revision }: WantedWorkload, pods: readonly OwnPod[]): readonly OwnPod[] {
  if (isTemplateChanged) return []
  const newest = pods.toSorted((left, right) => (left.createdAt < right.createdAt ? 1 : left.createdAt > right.createdAt ? -1 : 0))
  const [first] = newest
  const wanted = newest.filter((pod) => pod.revision === (revision ?? first?.revision))
  return wish.instances === 'each-node' ? wanted : wanted.slice(0, wish.instances)
}

function batchOf(workload: WantedWorkload, neighbourhood: Neighbourhood, current: readonly OwnPod[]): Batch {
  const { kind, demand, writing, wish, pod } = workload
  const { tolerations } = demand.choice
  return {
    demand,
    writing,
    tolerations: kind === 'DaemonSet' ? tolerationsOf({ tolerations, hostNetwork: at(pod, 'spec', 'hostNetwork') === true }) : tolerations,
    neighbourhood,
    wanted: wish.instances === 'each-node' ? 'each-node' : Math.max(0, wish.instances - current.length),
    groups: groupsOf(workload, current),
    has: new Set(current.flatMap(({ node }) => node ?? [])),
  }
}

/** Those that are to come, by where their claims let them be. */
function groupsOf({ places, placesByOrdinal }: WantedWorkload, current: readonly OwnPod[]): readonly VolumeGroup[] {
  if (placesByOrdinal === undefined) return [{ count: Number.POSITIVE_INFINITY, places }]
  const there = new Set(current.map(({ name }) => Number(/-(\d+)$/.exec(name)?.[1])))
  const missing = [...placesByOrdinal].filter(([ordinal]) => !there.has(ordinal)).map(([, own]) => [...places, ...own])
  const groups = [...Map.groupBy(missing, (each) => JSON.stringify(each)).values()].map((alike) => ({ count: alike.length, places: alike[0] ?? [] }))
  return groups.length === 0 ? [{ count: 0, places }] : groups
}

/**
 * Where more than are wanted have to find room: beside the pods that go, or, where none do, beside all that are wanted. On
 * each node of a DaemonSet a second pod comes beside the first.
 */
function surgeOf({ rooms }: Ground, batch: Batch): (maxSurge: number) => number {
  return (maxSurge) => {
    if (maxSurge === 0) return 0
    if (batch.wanted === 'each-node') return rooms.some((room) => batch.has.has(room.node.name) && fitOn(batch.demand, room, batch.writing).count > 0) ? 1 : 0
    return place(rooms.map((room) => room.copy()), { ...batch, wanted: maxSurge }).placed
  }
}

function rolloutOf(rollout: Rollout, roomFor: (maxSurge: number) => number): RolloutPlan {
  if (rollout.kind !== 'rolling') return { kind: rollout.kind, maxSurge: 0, maxUnavailable: 0, surgeRoom: 0, goesOn: true }
  const { maxSurge, maxUnavailable } = rollout
  const surgeRoom = roomFor(maxSurge)
  return { kind: 'rolling', maxSurge, maxUnavailable, surgeRoom, goesOn: surgeRoom > 0 || maxUnavailable > 0 }
}

function mostOnOne({ nodes, wanted, placed }: Placed, instances: number): number {
  const starting = Math.max(placed, Math.min(wanted, instances))
  return Math.min(starting, Math.max(0, ...nodes.map((node) => Math.max(node.fits, node.placed))))
}

function nodePlans(nodes: readonly NodeOutcome[], current: readonly OwnPod[]): readonly NodePlan[] {
  const running = new Map<string | undefined, number>()
  for (const { node } of current) running.set(node, (running.get(node) ?? 0) + 1)
  return nodes.map(({ name, fits, placed, reasons }) => ({ name, running: running.get(name) ?? 0, fits, placed, reasons }))
}
