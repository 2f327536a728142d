import { at, objectsAt } from '../check/json-paths.ts'
import { type NodeFacts, readNode } from '../node-health/node.ts'
import type { JsonObject } from '../units/json.ts'
import { type Amounts, asCounted, readExact } from './amounts.ts'
import type { HostPort } from './host-ports.ts'

/** What takes room on a node. */
export interface Occupant {
  readonly requests: Amounts
  readonly ports: readonly HostPort[]
}

/** A node, and the room on it. */
export class NodeRoom {
  readonly node: NodeFacts
  readonly isReady: boolean
  readonly isCordoned: boolean
  readonly allocatable: Amounts
  readonly #used: Map<string, number>
  #ports: readonly HostPort[]
  #pods: number

  constructor(of: Pick<NodeRoom, 'node' | 'isReady' | 'isCordoned' | 'allocatable'>, used: ReadonlyMap<string, number> = new Map(), ports: readonly HostPort[] = [], pods = 0) {
    this.node = of.node
    this.isReady = of.isReady
    this.isCordoned = of.isCordoned
    this.allocatable = of.allocatable
    this.#used = new Map(used)
    this.#ports = ports
    this.#pods = pods
  }

  /** The ports of the node that pods have. */
  get ports(): readonly HostPort[] {
    return this.#ports
  }

  /** How many pods it can take yet; below 0 where it has too many. */
  get freePods(): number {
    return (this.allocatable.get('pods') ?? 0) - this.#pods
  }

  /** What is free of a resource; below 0 where more is asked for than there is. What the node does not have is 0. */
  free(resource: string): number {
    return (this.allocatable.get(resource) ?? 0) - (this.#used.get(resource) ?? 0)
  }

  take({ requests, ports }: Occupant): void {
    this.#pods++
    for (const [name, amount] of requests) this.#used.set(name, (this.#used.get(name) ?? 0) + amount)
    if (ports.length > 0) this.#ports = [...this.#ports, ...ports]
  }

  giveBack({ requests, ports }: Occupant): void {
    this.#pods--
    for (const [name, amount] of requests) this.#used.set(name, (this.#used.get(name) ?? 0) - amount)
    if (ports.length > 0) this.#ports = this.#ports.filter((port) => !ports.includes(port))
  }

  copy(): NodeRoom {
    return new NodeRoom(this, this.#used, this.#ports, this.#pods)
  }
}

/** Reads a Node with all its room; undefined where it is none with a name. */
export function readNodeRoom(object: JsonObject): NodeRoom | undefined {
  const node = readNode(object)
  if (node === undefined) return undefined
  return new NodeRoom({
    node,
    isReady: objectsAt(object, 'status', 'conditions').some(({ type, status }) => type === 'Ready' && status === 'True'),
    isCordoned: at(object, 'spec', 'unschedulable') === true,
    allocatable: asCounted(readExact(at(object, 'status', 'allocatable'))),
  })
}
