import type { Toleration } from '../node-health/daemon-set.ts'
import type { AmountWriting } from './amount-text.ts'
import { type ClaimPlace, whyNotWith } from './claim-place.ts'
import type { Demand } from './demand.ts'
import { fill } from './fill.ts'
import { fitOn } from './fit.ts'
import { whyNever } from './judge-node.ts'
import type { Neighbourhood } from './neighbourhood.ts'
import { Neighbours } from './neighbours.ts'
import type { NodeReason } from './node-reason.ts'
import type { NodeRoom } from './node-room.ts'

/** Pods that are all alike, and how many of them are to be put on nodes. */
export interface Batch {
  readonly demand: Demand
  /** How amounts are written in reasons. */
  readonly writing: AmountWriting
  /** Of the pods, with those that their controller adds. */
  readonly tolerations: readonly Toleration[]
  /** Of the pods, as it is now. */
  readonly neighbourhood: Neighbourhood
  /** `each-node`: one on each node that may have one, and has none. */
  readonly wanted: number | 'each-node'
  /** The pods by where their claims let them be; of one group, all of them are. */
  readonly groups: readonly VolumeGroup[]
  /** The nodes that have one of them already. */
  readonly has: ReadonlySet<string>
}

/** Pods whose claims let them be on the same nodes. */
export interface VolumeGroup {
  readonly count: number
  readonly places: readonly ClaimPlace[]
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
 * Puts pods on nodes, and takes their room. As they are alike, as many are put as can be: no other order finds room for more,
 * but where several rules about neighbours cross each other.
 */
export function place(rooms: readonly NodeRoom[], batch: Batch): Placed {
  const { demand, neighbourhood, tolerations, wanted, has } = batch
  const neighbours = Neighbours.of({ neighbourhood, rooms, tolerations, isPerNode: wanted === 'each-node' })
  const sites = rooms.map((room) => siteOf(room, batch, neighbours))
  const eligible = sites.filter(({ isEligible }) => isEligible)
  const target = wanted === 'each-node' ? eligible.filter(({ room }) => !has.has(room.node.name)).length : wanted
  const groups = batch.groups.map(({ count, places }) => ({ count, mayBeOn: ({ room }: Site) => whyNotWith(places, room.node) === undefined }))
  const filling = fill(eligible, groups, neighbours, target)
  let placed = 0
  for (const [{ room }, count] of filling) {
    placed += count
    for (let each = 0; each < count; each++) {
      room.take(demand)
      neighbours.put(room)
    }
  }
  const nodes = sites.map((site): NodeOutcome => {
    const outcome = { name: site.room.node.name, isEligible: site.isEligible, fits: site.fits, placed: filling.get(site) ?? 0 }
    return { ...outcome, reasons: keptFrom(site, outcome.placed, placed < target, neighbours) ?? site.reasons }
  })
  return { placed, wanted: target, nodes }
}

/**
 * Where some find no room, what keeps them from a node that has any are those that were put elsewhere; as it is where none
 * of pods that are to be together came there.
 */
function keptFrom({ room, left, isEligible }: Site, placed: number, isShort: boolean, neighbours: Neighbours): readonly NodeReason[] | undefined {
  if (!isEligible || placed >= left || !(isShort || (placed === 0 && neighbours.areTogether))) return undefined
  const reason = neighbours.whyNotOn(room)
  return reason === undefined ? undefined : [reason]
}

/** A node while pods are put on it. */
interface Site extends Pick<NodeOutcome, 'isEligible' | 'fits' | 'reasons'> {
  readonly room: NodeRoom
  /** How many more there is room for, whatever the neighbours. */
  readonly left: number
}

function siteOf(room: NodeRoom, { demand, writing, tolerations, wanted, has, groups }: Batch, neighbours: Neighbours): Site {
  const isPerNode = wanted === 'each-node'
  const never = whyNever(demand, room, tolerations, isPerNode)
  if (never !== undefined) return { room, isEligible: false, fits: 0, left: 0, reasons: [never] }
  const kept = groups.map(({ places }) => whyNotWith(places, room.node))
  const [ofVolume] = kept
  // A DaemonSet's pod is made for its node all the same.
  if (ofVolume !== undefined && !kept.includes(undefined)) return { room, isEligible: isPerNode, fits: 0, left: 0, reasons: [{ code: 'volume', detail: ofVolume.detail }] }
  const fit = fitOn(demand, room, writing)
  const onlyOne = neighbours.whyOneOn(room)
  const others = kept.find((each) => each !== undefined)
  const members = others === undefined ? Number.POSITIVE_INFINITY : groups.reduce((sum, { count }, index) => (kept[index] === undefined ? sum + count : sum), 0)
  const most = isPerNode && has.has(room.node.name) ? 0 : Math.min(members, isPerNode || onlyOne !== undefined ? 1 : Number.POSITIVE_INFINITY)
  const left = Math.min(fit.count, most)
  const ofNeighbours = neighbours.whyNotOn(room)
  if (ofNeighbours !== undefined) return { room, isEligible: true, fits: 0, left, reasons: [ofNeighbours] }
  const reasons = fit.count <= most ? fit.limits : isPerNode ? [] : onlyOne !== undefined && members > 0 ? [onlyOne] : others === undefined ? [] : [{ code: 'volume', detail: others.detail } as const]
  return { room, isEligible: true, fits: left, left, reasons }
}
