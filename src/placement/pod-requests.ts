import { at, objectsAt, textAt } from '../check/json-paths.ts'
import { isObject, type JsonObject } from '../units/json.ts'
import type { Nano } from '../units/quantity.ts'
import { addExact, type Amounts, asCounted, type ExactAmounts, raiseExact, readExact } from './amounts.ts'

/**
 * What the scheduler reserves for a pod: the larger of all that runs in the end (regular containers and native sidecars),
 * and of each init container with the sidecars that were started before it (KEP-753); the pod's own values in their place
 * (KEP-2837); and its overhead. Of a pod that is being resized in place, the most of what it has and what it asks for
 * (KEP-1287). As `PodRequests` in k8s.io/component-helpers/resource has it.
 */
export function requestsOf(pod: JsonObject): Amounts {
  return asCounted(exactRequestsOf(pod))
}

/** As {@link requestsOf}, before it is rounded up to what the scheduler counts in. */
export function exactRequestsOf(pod: JsonObject): ExactAmounts {
  const requests = ofContainers(pod)
  for (const [name, amount] of requestsIn(at(pod, 'spec', 'resources'))) if (isOfPods(name)) requests.set(name, amount)
  addExact(requests, readExact(at(pod, 'spec', 'overhead')))
  return requests
}

function ofContainers(pod: JsonObject): Map<string, Nano> {
  const statuses = statusesOf(pod)
  const asked = aggregate(pod, askedBy)
  if (statuses.size === 0) return asked
  // What the kubelet has granted, and what the containers run with.
  const granted = aggregate(pod, (container) => ofStatus(statuses, container, 'allocatedResources') ?? askedBy(container))
  const actual = aggregate(pod, (container) => ofStatus(statuses, container, 'resources', 'requests') ?? ofStatus(statuses, container, 'allocatedResources') ?? askedBy(container))
  const most = isInfeasible(pod) ? new Map<string, Nano>() : asked
  raiseExact(most, granted)
  raiseExact(most, actual)
  return most
}

function aggregate(pod: JsonObject, read: (container: JsonObject) => ExactAmounts): Map<string, Nano> {
  const running = new Map<string, Nano>()
  for (const container of objectsAt(pod, 'spec', 'containers')) addExact(running, read(container))
  const sidecars = new Map<string, Nano>()
  const starting = new Map<string, Nano>()
  for (const container of objectsAt(pod, 'spec', 'initContainers')) {
    const own = read(container)
    if (container['restartPolicy'] === 'Always') {
      addExact(running, own)
      addExact(sidecars, own)
      raiseExact(starting, sidecars)
      continue
    }
    const now = new Map(sidecars)
    addExact(now, own)
    raiseExact(starting, now)
  }
  raiseExact(running, starting)
  return running
}

function askedBy(container: JsonObject): ExactAmounts {
  return requestsIn(container['resources'])
}

/** Where there is a limit and no request, the API server takes the limit. */
function requestsIn(resources: unknown): ExactAmounts {
  if (!isObject(resources)) return none
  const { limits, requests } = resources
  return isObject(limits) ? new Map([...readExact(limits), ...readExact(requests)]) : readExact(requests)
}

const none: ExactAmounts = new Map()

/** What a pod may have as a whole. */
function isOfPods(name: string): boolean {
  return name === 'cpu' || name === 'memory' || name.startsWith('hugepages-')
}

/** By the container's name; of those alone that say what was granted. */
function statusesOf(pod: JsonObject): ReadonlyMap<string, JsonObject> {
  const statuses = new Map<string, JsonObject>()
  for (const field of ['containerStatuses', 'initContainerStatuses']) {
    for (const status of objectsAt(pod, 'status', field)) {
      const name = textAt(status, 'name')
      if (name !== undefined && (isObject(status['allocatedResources']) || isObject(status['resources']))) statuses.set(name, status)
    }
  }
  return statuses
}

function ofStatus(statuses: ReadonlyMap<string, JsonObject>, container: JsonObject, ...path: readonly string[]): ExactAmounts | undefined {
  const found = at(statuses.get(textAt(container, 'name') ?? ''), ...path)
  return isObject(found) ? readExact(found) : undefined
}

function isInfeasible(pod: JsonObject): boolean {
  return objectsAt(pod, 'status', 'conditions').some(({ type, reason }) => type === 'PodResizePending' && reason === 'Infeasible')
}
