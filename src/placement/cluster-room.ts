import { at, textAt } from '../check/json-paths.ts'
import type { JsonObject } from '../units/json.ts'
import { hostPortsOf } from './host-ports.ts'
import { type Mark, type Neighbourhood, neighbourOf } from './neighbourhood.ts'
import type { NodeRoom, Occupant } from './node-room.ts'
import type { PodOwner } from './pod-owner.ts'
import { requestsOf } from './pod-requests.ts'

/** A pod of a workload that is planned. */
export interface OwnPod {
  readonly name: string
  /** Undefined: it waits for one. */
  readonly node: string | undefined
  readonly occupant: Occupant
  /** The same for pods of one template; undefined where nothing tells. */
  readonly revision: string | undefined
  /** RFC 3339. */
  readonly createdAt: string
  /** What it is to the pods of each workload that is planned. */
  readonly marks: ReadonlyMap<Interest, Mark>
}

/** What is to be known of the pods of a cluster for one workload. */
export interface Interest {
  readonly owner: PodOwner
  readonly neighbourhood: Neighbourhood
}

/**
 * The nodes of a cluster, filled with its pods one by one: of each nothing is kept but the room that it takes, so that the
 * memory for it grows with the nodes alone, and with the pods of the workloads that are planned.
 */
export class ClusterRoom {
  readonly rooms: readonly NodeRoom[]
  readonly #byName: ReadonlyMap<string, NodeRoom>
  readonly #interests: readonly Interest[]
  readonly #own = new Map<Interest, OwnPod[]>()
  #othersWaiting = 0

  constructor(rooms: readonly NodeRoom[], interests: readonly Interest[]) {
    this.rooms = rooms.toSorted((left, right) => (left.node.name < right.node.name ? -1 : 1))
    this.#byName = new Map(rooms.map((room) => [room.node.name, room]))
    this.#interests = interests
  }

  /** Takes the room of a pod. Those that are over take none. */
  add(pod: JsonObject): void {
    const phase = at(pod, 'status', 'phase')
    if (phase === 'Succeeded' || phase === 'Failed') return
    const node = textAt(pod, 'spec', 'nodeName')
    const occupant: Occupant = { requests: requestsOf(pod), ports: hostPortsOf(pod) }
    if (node !== undefined) this.#byName.get(node)?.take(occupant)
    const isEnding = at(pod, 'metadata', 'deletionTimestamp') !== undefined
    const interest = isEnding ? undefined : this.#interests.find(({ owner }) => owner.owns(pod))
    if (node === undefined && interest === undefined && !isEnding) this.#othersWaiting++
    const marks = node === undefined ? new Map<Interest, Mark>() : this.#mark(pod, node, interest)
    if (interest !== undefined) this.#keep(interest, { name: textAt(pod, 'metadata', 'name') ?? '', node, occupant, revision: interest.owner.revisionOf(pod), createdAt: textAt(pod, 'metadata', 'creationTimestamp') ?? '', marks })
  }

  ownOf(interest: Interest): readonly OwnPod[] {
    return this.#own.get(interest) ?? []
  }

  /** Pods of others that have no node yet, and may take the room. */
  get othersWaiting(): number {
    return this.#othersWaiting
  }

  #mark(pod: JsonObject, node: string, own: Interest | undefined): Map<Interest, Mark> {
    const marks = new Map<Interest, Mark>()
    const neighbour = neighbourOf(pod)
    for (const interest of this.#interests) {
      const mark = interest.neighbourhood.markOf(neighbour, interest === own)
      if (mark === undefined) continue
      interest.neighbourhood.add(mark, node)
      marks.set(interest, mark)
    }
    return marks
  }

  #keep(interest: Interest, pod: OwnPod): void {
    const kept = this.#own.get(interest)
    if (kept === undefined) this.#own.set(interest, [pod])
    else kept.push(pod)
  }
}
