import type { AmountWriting } from '../placement/amount-text.ts'
import { type ClaimPlace, whyNotWith } from '../placement/claim-place.ts'
import { fitOn } from '../placement/fit.ts'
import { whyNever } from '../placement/judge-node.ts'
import type { Neighbourhood } from '../placement/neighbourhood.ts'
import { Neighbours } from '../placement/neighbours.ts'
import type { NodeRoom } from '../placement/node-room.ts'
import type { Batch } from '../placement/place.ts'

/** Whether a node takes one more pod of a workload. */
export interface NodeAnswer {
  readonly node: string
  /** Undefined: it cannot be told. */
  readonly takes: boolean | undefined
  /** Why not, each of them; or for how many more there is room. */
  readonly reasons: readonly string[]
  /** What of the pod was not looked at. */
  readonly notJudged: readonly string[]
}

/** What is asked of a node. */
export interface NodeQuestion {
  /** Of the pod, with those that its controller adds. */
  readonly tolerations: Batch['tolerations']
  /** Whether its pods are a DaemonSet's, which are put on nodes that are not ready, too. */
  readonly isPerNode: boolean
  readonly room: NodeRoom
  /** Where its claims let the pod be. */
  readonly places: readonly ClaimPlace[]
  /** All nodes that are known, which the pod's rules about its neighbours are about. */
  readonly rooms: readonly NodeRoom[]
  /** Of the pods of this demand, as it is now. */
  readonly neighbourhood: Neighbourhood
}

const writing: AmountWriting = { style: 'kubernetes', memory: 'binary', disk: 'binary' }

/** Says whether a node takes one more such pod, and all that speaks against it: whoever mends one thing is to know the next. */
export function answerForNode({ tolerations, isPerNode, room, rooms, neighbourhood, places }: NodeQuestion): NodeAnswer {
  const { demand } = neighbourhood
  const never = whyNever(demand, room, tolerations, isPerNode)
  const volume = whyNotWith(places, room.node)
  const neighbour = Neighbours.of({ neighbourhood, rooms, tolerations, isPerNode }).whyNotOn(room)
  const { count, limits } = fitOn(demand, room, writing)
  const reasons = [...(never === undefined ? [] : [never]), ...(volume === undefined ? [] : [volume]), ...(neighbour === undefined ? [] : [neighbour]), ...(count > 0 ? [] : limits)]
  const takes = reasons.length === 0
  return {
    node: room.node.name,
    takes,
    reasons: takes ? [`there is room for ${Number.isFinite(count) ? count : 'any number of'} more`] : reasons.map(({ detail }) => detail),
    notJudged: demand.notJudged,
  }
}
