import type { Toleration } from '../node-health/daemon-set.ts'
import { matchesNode } from '../node-health/node-affinity.ts'
import type { NodeFacts } from '../node-health/node.ts'
import { tolerates } from '../node-health/tolerations.ts'
import { Domains, labelOf } from './domains.ts'
import { keepingAway } from './judge-node.ts'
import { AloneJudge, ApartJudge, type NeighbourJudge, RepelledJudge, SpreadJudge, TogetherJudge } from './neighbour-judges.ts'
import type { SpreadRule } from './neighbour-rules.ts'
import type { Neighbourhood } from './neighbourhood.ts'
import type { NodeReason } from './node-reason.ts'
import type { NodeRoom } from './node-room.ts'

/** Whose neighbours are judged. */
export interface NeighbourQuestion {
  readonly neighbourhood: Neighbourhood
  /** All nodes that are known. */
  readonly rooms: readonly NodeRoom[]
  /** Of the pods, with those that their controller adds. */
  readonly tolerations: readonly Toleration[]
  /** A DaemonSet's pods, each of which can have one node alone. */
  readonly isPerNode: boolean
}

/** What the neighbours of pods allow, while such pods are put on nodes one after the other; as kube-scheduler 1.37 judges it. */
export class Neighbours {
  readonly #judges: readonly NeighbourJudge[]

  private constructor(judges: readonly NeighbourJudge[]) {
    this.#judges = judges
  }

  static of({ neighbourhood, rooms, tolerations, isPerNode }: NeighbourQuestion): Neighbours {
    const { demand, repelled } = neighbourhood
    const { apart, spread, together, alone } = demand
    const isSpreadOver = (rule: SpreadRule) => ({ node }: NodeRoom): boolean =>
      spread.every(({ topologyKey }) => labelOf(node.labels, topologyKey) !== undefined) &&
      (rule.isOfAllNodes || matchesNode(demand.choice, node)) &&
      (rule.isOfTaintedNodes || tolerates(tolerations, node.taints, keepingAway))
    return new Neighbours([
      ...alone.map((rule) => new AloneJudge(rule, isAnywhere(neighbourhood.of(rule)))),
      ...apart.map((rule) => new ApartJudge(rule, Domains.of(rule.topologyKey, rooms, neighbourhood.of(rule)))),
      ...[...repelled].map(([key, nodes]) => new RepelledJudge(key, othersIn(key, nodes, rooms))),
      ...spread.map((rule) => new SpreadJudge(rule, Domains.of(rule.topologyKey, rooms.filter(isSpreadOver(rule)), neighbourhood.of(rule)), isPerNode && !rule.isOfAllNodes)),
      ...(together === undefined ? [] : [new TogetherJudge(together, together.topologyKeys.map((key) => Domains.of(key, rooms, neighbourhood.of(together))))]),
    ])
  }

  allows({ node }: NodeRoom): boolean {
    return this.#judges.every((judge) => judge.allows(node))
  }

  /** What keeps one more pod from a node; undefined: nothing. */
  whyNotOn({ node }: NodeRoom): NodeReason | undefined {
    return this.#judges.find((judge) => !judge.allows(node))?.whyNot(node)
  }

  /** Why a node takes no second such pod, whatever else is there; undefined: it may. */
  whyOneOn({ node }: NodeRoom): NodeReason | undefined {
    return this.#judges.map((judge) => judge.whyOneIn(node)).find((reason) => reason !== undefined)
  }

  /** Whether such pods are to be where others are. */
  get areTogether(): boolean {
    return this.#judges.some((judge) => judge instanceof TogetherJudge)
  }

  /** Nodes of one such place are those that are open to all pods once the first is there; undefined: it binds nobody. */
  placeOf({ node }: { readonly node: NodeFacts }): string | undefined {
    const open = this.#judges.find((judge) => judge instanceof TogetherJudge && judge.isOpen)
    return open instanceof TogetherJudge ? open.placeOf(node) : undefined
  }

  /** A pod was put there. */
  put({ node }: NodeRoom): void {
    for (const judge of this.#judges) judge.put(node)
  }

  copy(): Neighbours {
    return new Neighbours(this.#judges.map((judge) => judge.copy()))
  }
}

function isAnywhere(counts: ReadonlyMap<string, number>): boolean {
  return [...counts.values()].some((count) => count > 0)
}

/** By the domain, one of the pods that keep others out of it. */
function othersIn(key: string, nodes: ReadonlyMap<string, readonly string[]>, rooms: readonly NodeRoom[]): ReadonlyMap<string, string> {
  const others = new Map<string, string>()
  for (const { node } of rooms) {
    const domain = labelOf(node.labels, key)
    const name = nodes.get(node.name)?.[0]
    if (domain !== undefined && name !== undefined && !others.has(domain)) others.set(domain, name)
  }
  return others
}
