import { isObject, type JsonObject } from '../../src/units/json.ts'
import { allContainers, isNativeSidecar, listAt, objectAt } from './pod-reader.ts'
import { type Nano, parseQuantity } from '../../src/units/quantity.ts'

/** Amounts by the name of their resource. */
export type Amounts = ReadonlyMap<string, Nano>

export type QosClass = 'Guaranteed' | 'Burstable' | 'BestEffort'

/**
 * The QoS class as the API server computes it (pkg/apis/core/v1/helper/qos): of cpu and memory alone, with init
 * containers; of the pod's own resources, where it has such (KEP-2837).
 */
export function qosClass(pod: unknown): QosClass {
  const ofPod = objectAt(pod, 'spec', 'resources')
  const holders = isObject(ofPod['requests']) || isObject(ofPod['limits']) ? [{ resources: ofPod }] : allContainers(pod)
  let requests: Amounts = new Map()
  let limits: Amounts = new Map()
  let guaranteed = true
  for (const holder of holders) {
    const ownLimits = positive(limitsOf(holder))
    requests = sum(requests, positive(requestsOf(holder)))
    limits = sum(limits, ownLimits)
    if (ownLimits.size < 2) guaranteed = false
  }
  if (requests.size === 0 && limits.size === 0) return 'BestEffort'
  const equal = requests.size === limits.size && [...requests].every(([name, amount]) => limits.get(name) === amount)
  return guaranteed && equal ? 'Guaranteed' : 'Burstable'
}

/** What a container requests. The API server takes the limit where there is no request. */
export function requestsOf(container: JsonObject): Amounts {
  const { limits, requests } = objectAt(container, 'resources')
  return new Map([...amounts(limits), ...amounts(requests)])
}

/** What a container is limited to. */
export function limitsOf(container: JsonObject): Amounts {
  return amounts(objectAt(container, 'resources')['limits'])
}

/** What the scheduler reserves for the pod. A resource that nobody names is not in it. */
export function effectiveRequests(pod: unknown): Amounts {
  return effective(pod, requestsOf, 'requests')
}

/** The same sum of the limits. A container without a limit counts for nothing in it. */
export function effectiveLimits(pod: unknown): Amounts {
  return effective(pod, limitsOf, 'limits')
}

/**
 * KEP-753: the larger of what runs at last (regular containers and native sidecars), and of each init container
 * with the native sidecars that were started before it. The pod's own values beat the sum (KEP-2837).
 */
function effective(
  pod: unknown,
  read: (container: JsonObject) => Amounts,
  kind: 'requests' | 'limits',
): Amounts {
  let sidecars: Amounts = new Map()
  let starting: Amounts = new Map()
  for (const container of listAt(pod, 'spec', 'initContainers')) {
    const now = sum(sidecars, read(container))
    if (isNativeSidecar(container)) sidecars = now
    starting = larger(starting, now)
  }
  let running = sidecars
  for (const container of listAt(pod, 'spec', 'containers')) running = sum(running, read(container))
  const own = objectAt(pod, 'spec', 'resources')
  const ofPod = kind === 'requests' ? requestsOf({ resources: own }) : limitsOf({ resources: own })
  return new Map([...larger(starting, running), ...ofPod])
}

/** The resources of which there is more than before, or of which there was none. */
export function raised(before: Amounts, after: Amounts): string[] {
  return [...after].filter(([name, amount]) => amount > (before.get(name) ?? -1n)).map(([name]) => name)
}

function amounts(list: unknown): Amounts {
  const read = new Map<string, Nano>()
  if (!isObject(list)) return read
  for (const [name, value] of Object.entries(list)) {
    const amount = parseQuantity(value)
    if (amount !== undefined) read.set(name, amount)
  }
  return read
}

function positive(all: Amounts): Amounts {
  return new Map([...all].filter(([name, amount]) => (name === 'cpu' || name === 'memory') && amount > 0n))
}

function sum(a: Amounts, b: Amounts): Amounts {
  const total = new Map(a)
  for (const [name, amount] of b) total.set(name, (total.get(name) ?? 0n) + amount)
  return total
}

function larger(a: Amounts, b: Amounts): Amounts {
  const most = new Map(a)
  for (const [name, amount] of b) {
    const other = most.get(name)
    if (other === undefined || amount > other) most.set(name, amount)
  }
  return most
}
