import type { Demand } from './demand.ts'
import { takenPort } from './host-ports.ts'
import { codeOfResource, type NodeReason } from './node-reason.ts'
import type { NodeRoom } from './node-room.ts'
import { amountText } from './amount-text.ts'

/** How many pods fit on a node, and what ends first. */
export interface Fit {
  readonly count: number
  /** What keeps one more from it. */
  readonly limits: readonly NodeReason[]
}

/** How many more such pods a node has room for: of every resource, of pods, and of ports of the node. */
export function fitOn({ requests, ports }: Demand, room: NodeRoom): Fit {
  const bounds = [...requests].flatMap(([name, amount]): readonly Bound[] =>
    amount > 0
      ? [{ count: timesIn(room.free(name), amount), reason: (left) => ({ code: codeOfResource(name), detail: `${wordOf(name)}: ${amountText(name, Math.max(0, room.free(name) - left * amount))} free of ${amountText(name, amount)}` }) }]
      : [],
  )
  bounds.push({ count: Math.max(0, room.freePods), reason: () => ({ code: 'pods', detail: `pods: ${room.allocatable.get('pods') ?? 0} are all that it takes` }) })
  const [port] = ports
  if (port !== undefined) {
    const taken = takenPort(ports, room.ports)
    const one = taken ?? port
    bounds.push({ count: taken === undefined ? 1 : 0, reason: () => ({ code: 'host-port', detail: `port ${one.port}/${one.protocol} of the node${taken === undefined ? ': one pod a node' : ' is taken'}` }) })
  }
  const count = Math.min(...bounds.map((bound) => bound.count))
  return { count, limits: bounds.filter((bound) => bound.count === count).map((bound) => bound.reason(count)) }
}

interface Bound {
  readonly count: number
  /** @param placed how many of them are there then. */
  readonly reason: (placed: number) => NodeReason
}

function timesIn(free: number, amount: number): number {
  return free <= 0 ? 0 : Math.floor(free / amount)
}

/** What people call a resource. */
export function wordOf(resource: string): string {
  if (resource === 'cpu') return 'CPU'
  return resource === 'ephemeral-storage' ? 'disk' : resource
}
