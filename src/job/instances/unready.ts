import { objectsAt, textAt } from '../../check/json-paths.ts'
import { isObject, type JsonObject } from '../../units/json.ts'
import type { Sight } from './sight.ts'
import { conditionOf, type Part, timeAt } from './parts.ts'

/**
 * When this start of a pod began to bring its containers up, in milliseconds since 1970. A node that boots starts its pods
 * anew: what their status says of before is of another start.
 */
export function beganMs(pod: JsonObject, parts: readonly Part[]): number {
  return Math.max(
    trueSince(pod, 'Initialized'),
    trueSince(pod, 'PodReadyToStartContainers'),
    ...parts.map(({ role, ended }) => (role === 'init' ? (ended?.finishedMs ?? 0) : 0)),
  )
}

function trueSince(pod: JsonObject, type: string): number {
  const condition = conditionOf(pod, type)
  return condition?.['status'] === 'True' ? timeAt(condition, 'lastTransitionTime') : 0
}

/** Whether a pod that is not ready has been, in this start: until then its condition is as old as the pod. */
export function wasReady(pod: JsonObject, startedMs: number): boolean {
  return timeAt(conditionOf(pod, 'Ready'), 'lastTransitionTime') > startedMs && startedMs > 0
}

/** A pod that was ready, and is not; none of its containers has ended. */
export function seeUnready(pod: JsonObject, parts: readonly Part[]): Sight {
  const sinceMs = timeAt(conditionOf(pod, 'Ready'), 'lastTransitionTime')
  const lacking = parts.find(({ role, isReady }) => role !== 'init' && !isReady)
  if (lacking !== undefined) {
    const { name, role, container, waiting } = lacking
    const whose = role === 'sidecar' ? `sidecar ${name}` : name
    const why = waiting === undefined ? (isObject(container['readinessProbe']) ? `the readiness probe of ${whose} fails; it was ready before` : `${whose} is not ready any more`) : `${whose} does not run: ${waiting.reason}${waiting.message === '' ? '' : `: ${waiting.message}`}`
    return unhealthy(waiting?.reason || 'ReadinessProbe', why, sinceMs, name)
  }
  const gates = objectsAt(pod, 'spec', 'readinessGates').flatMap((gate) => textAt(gate, 'conditionType') ?? [])
  const closed = gates.filter((gate) => conditionOf(pod, gate)?.['status'] !== 'True')
  if (closed.length > 0) return unhealthy('ReadinessGates', `its containers are ready, and its readiness gates are closed: ${closed.join(', ')}`, sinceMs)
  // Its kubelet says that all is well, and somebody else that it is not: so it is with a node that is not heard.
  return unhealthy('NodeNotReady', `its node ${textAt(pod, 'spec', 'nodeName') ?? ''} is not heard: whether it runs is not known`, sinceMs)
}

function unhealthy(reason: string, why: string, sinceMs: number, container?: string): Sight {
  return { state: 'Unhealthy', label: `Unhealthy: ${reason}`, reason, why, sinceMs, isTrouble: true, ...(container === undefined ? {} : { container }) }
}
