import type { Toleration } from '../node-health/daemon-set.ts'
import type { AmountWriting } from './amount-text.ts'
import type { Demand } from './demand.ts'
import { fitOn } from './fit.ts'
import { whyNever } from './judge-node.ts'
import { type NeighbourCount, Neighbours } from './neighbours.ts'
import type { NodeReason } from './node-reason.ts'
import type { NodeRoom } from './node-room.ts'

/** Pods that are all alike, and how many of them are to be put on nodes. */
export interface Batch {
  readonly demand: Demand
  /** How amounts are written in reasons. */
  readonly writing: AmountWriting
  /** Of the pods, with those that their controller adds. */
  readonly tolerations: readonly Toleration[]
  /** Of the demand's rules, what they count now. */
  readonly neighbours: readonly NeighbourCount[]
  /** `each-node`: one on each node that may have one, and has none. */
  readonly wanted: number | 'each-node'
  /** The nodes that have one of them already. */
  readonly has: ReadonlySet<string>
}

/** What came of a node. */
export interface NodeOutcome {
  readonly name: string
  /** Whether such pods may be there at all, if there is room. */
  readonly isEligible: boolean
  /** How many of them there was room for, had they all been put there. */
  readonly fits: number
  /** How many were put there. */
  readonly placed: number
  /** What keeps them from it, or one more than fit. */
  readonly reasons: readonly NodeReason[]
}

/** Where pods find room. */
export interface Placed {
  readonly placed: number
  /** Of `each-node`: the eligible nodes that have none yet. */
  readonly wanted: number
  readonly nodes: readonly NodeOutcome[]
}

/**
 * Puts pods on nodes, one after the other, each where most of them still fit, and takes their room. As they are alike, as
 * many are put as can be: no other order finds room for more, but where several rules about neighbours cross each other.
 */
export function place(rooms: readonly NodeRoom[], batch: Batch): Placed {
  const { demand, wanted, has } = batch
  const neighbours = new Neighbours(demand, batch.neighbours, rooms)
  const sites = rooms.map((room) => siteOf(room, batch, neighbours))
  const eligible = sites.filter(({ isEligible }) => isEligible)
  const target = wanted === 'each-node' ? eligible.filter(({ room }) => !has.has(room.node.name)).length : wanted
  let placed = 0
  for (; placed < target; placed++) {
    const site = bestOf(eligible, neighbours)
    if (site === undefined) break
    site.left--
    site.placed++
    site.room.take(demand)
    neighbours.put(site.room)
  }
  const nodes = sites.map(({ room, left: _left, ...outcome }) => ({ name: room.node.name, ...outcome, ...keptFrom(room, outcome, demand, neighbours) }))
  return { placed, wanted: target, nodes }
}

/** Pods that are to be together are kept from nodes only by those that were put elsewhere. */
function keptFrom(room: NodeRoom, { isEligible, placed, reasons }: Pick<NodeOutcome, 'isEligible' | 'placed' | 'reasons'>, { together }: Demand, neighbours: Neighbours): { readonly reasons: readonly NodeReason[] } {
  const reason = isEligible && placed === 0 && together.length > 0 ? neighbours.whyNotOn(room) : undefined
  return { reasons: reason === undefined ? reasons : [reason] }
}

/** A node while pods are put on it. */
interface Site extends Omit<NodeOutcome, 'name'> {
  readonly room: NodeRoom
  /** How many more there is room for, whatever the neighbours. */
  left: number
  placed: number
}

function siteOf(room: NodeRoom, { demand, writing, tolerations, wanted, has }: Batch, neighbours: Neighbours): Site {
  const isPerNode = wanted === 'each-node'
  const never = whyNever(demand, room, tolerations, isPerNode)
  if (never !== undefined) return { room, isEligible: false, fits: 0, placed: 0, left: 0, reasons: [never] }
  const fit = fitOn(demand, room, writing)
  const most = Math.min(neighbours.mostOn(room), isPerNode ? (has.has(room.node.name) ? 0 : 1) : Number.POSITIVE_INFINITY)
  const left = Math.min(fit.count, most)
  const ofNeighbours = neighbours.whyNotOn(room)
  if (ofNeighbours !== undefined) return { room, isEligible: true, fits: 0, placed: 0, left, reasons: [ofNeighbours] }
  const reasons = fit.count <= most ? fit.limits : isPerNode ? [] : [{ code: 'anti-affinity', detail: 'anti-affinity: one of them a node' } as const]
  return { room, isEligible: true, fits: left, placed: 0, left, reasons }
}

function bestOf(sites: readonly Site[], neighbours: Neighbours): Site | undefined {
  let best: Site | undefined
  for (const site of sites) {
    if (site.left > 0 && (best === undefined || site.left > best.left) && (neighbours.isFree || neighbours.whyNotOn(site.room) === undefined)) best = site
  }
  return best
}
