import type { Interest, OwnPod } from './cluster-room.ts'
import type { CountedPods } from './neighbour-rules.ts'
import { type Neighbour, type Neighbourhood, neighbourOfNew } from './neighbourhood.ts'
import type { NodeRoom } from './node-room.ts'

/** Nodes, and the neighbours that the pods of each workload that is planned would have there. */
export class Ground {
  readonly rooms: readonly NodeRoom[]
  readonly #neighbourhoods: ReadonlyMap<Interest, Neighbourhood>
  readonly #byName: ReadonlyMap<string, NodeRoom>

  constructor(rooms: readonly NodeRoom[], neighbourhoods: ReadonlyMap<Interest, Neighbourhood>) {
    this.rooms = rooms
    this.#neighbourhoods = neighbourhoods
    this.#byName = new Map(rooms.map((room) => [room.node.name, room]))
  }

  /** As the cluster has them. */
  static of(rooms: readonly NodeRoom[], interests: readonly Interest[]): Ground {
    return new Ground(rooms, new Map(interests.map((interest) => [interest, interest.neighbourhood])))
  }

  /** A pod goes. */
  take({ node, occupant, marks }: OwnPod): void {
    if (node === undefined) return
    this.#byName.get(node)?.giveBack(occupant)
    for (const [interest, mark] of marks) this.#neighbourhoods.get(interest)?.take(mark, node)
  }

  /** Pods of a workload are put on a node, whose room is taken already. */
  put(own: Interest, node: string, count: number): void {
    if (count === 0) return
    const neighbour: Neighbour = neighbourOfNew(own.neighbourhood.demand)
    for (const [interest, neighbourhood] of this.#neighbourhoods) {
      const mark = neighbourhood.markOf(neighbour, interest === own)
      if (mark === undefined) continue
      // By their own rules, they are judged as those that count themselves.
      neighbourhood.add(interest === own ? { ...mark, counted: mark.counted.filter(({ countsItself }) => countsItself), repelled: [] } : mark, node, count)
    }
  }

  /**
   * The neighbours that new pods of a workload would have.
   *
   * @param current its pods that are as new ones would be: of the same revision, and with the same rules, which are judged as the new ones' own.
   * @param outdated its pods of other revisions, as far as they are there.
   */
  neighboursOf(interest: Interest, current: readonly OwnPod[], outdated: readonly OwnPod[]): Neighbourhood {
    const neighbourhood = (this.#neighbourhoods.get(interest) ?? interest.neighbourhood).copy()
    for (const { node, marks } of current) takePart(neighbourhood, node, marks.get(interest), (what) => what === 'repelled' || isOfRevision(what, 'other'))
    for (const { node, marks } of outdated) takePart(neighbourhood, node, marks.get(interest), (what) => what !== 'repelled' && isOfRevision(what, 'same'))
    return neighbourhood
  }

  copy(): Ground {
    return new Ground(
      this.rooms.map((room) => room.copy()),
      new Map([...this.#neighbourhoods].map(([interest, neighbourhood]) => [interest, neighbourhood.copy()])),
    )
  }
}

function takePart(neighbourhood: Neighbourhood, node: string | undefined, mark: Parameters<Neighbourhood['take']>[0] | undefined, isTaken: Parameters<Neighbourhood['take']>[2]): void {
  if (node !== undefined && mark !== undefined) neighbourhood.take(mark, node, isTaken)
}

function isOfRevision({ terms }: CountedPods, revision: 'same' | 'other'): boolean {
  return terms.some((term) => term.revision === revision)
}
