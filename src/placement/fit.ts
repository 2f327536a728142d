import { type AmountWriting, amountText, wordOf } from './amount-text.ts'
import type { Demand } from './demand.ts'
import { takenPort } from './host-ports.ts'
import { codeOfResource, type NodeReason } from './node-reason.ts'
import type { NodeRoom } from './node-room.ts'

/** How many pods fit on a node, and what ends first. */
export interface Fit {
  readonly count: number
  /** What keeps one more from it. */
  readonly limits: readonly NodeReason[]
}

/** How many more such pods a node has room for: of every resource, of pods, and of ports of the node. */
export function fitOn(demand: Demand, room: NodeRoom, writing: AmountWriting): Fit {
  const bounds = [...resourceBounds(demand, room, writing), podBound(room), ...portBounds(demand, room)]
  const count = Math.min(...bounds.map((bound) => bound.count))
  return { count, limits: bounds.filter((bound) => bound.count === count).map((bound) => bound.reason(count)) }
}

interface Bound {
  readonly count: number
  /** @param placed how many of them are there then. */
  readonly reason: (placed: number) => NodeReason
}

function resourceBounds({ requests }: Demand, room: NodeRoom, writing: AmountWriting): readonly Bound[] {
  return [...requests].flatMap(([name, amount]): readonly Bound[] => {
    if (amount <= 0) return []
    const free = Math.max(0, room.free(name))
    return [{ count: Math.floor(free / amount), reason: (placed) => ({ code: codeOfResource(name), detail: lackText(name, free - placed * amount, amount, writing) }) }]
  })
}

function lackText(name: string, left: number, amount: number, writing: AmountWriting): string {
  return `${wordOf(name)}: ${amountText(name, left, writing, 'down')} left, one takes ${amountText(name, amount, writing, 'up')}`
}

function podBound(room: NodeRoom): Bound {
  return { count: Math.max(0, room.freePods), reason: () => ({ code: 'pods', detail: `pods: it takes ${room.allocatable.get('pods') ?? 0} in all` }) }
}

/** No second pod has the same port. */
function portBounds({ ports }: Demand, room: NodeRoom): readonly Bound[] {
  const taken = takenPort(ports, room.ports)
  const port = taken ?? ports[0]
  if (port === undefined) return []
  const named = `port ${port.port}/${port.protocol} of the node`
  return [{ count: taken === undefined ? 1 : 0, reason: () => ({ code: 'host-port', detail: taken === undefined ? `${named}: one pod a node` : `${named} is taken` }) }]
}
