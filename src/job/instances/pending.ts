import { objectsAt, textAt } from '../../check/json-paths.ts'
import { formatAge } from '../../units/age.ts'
import type { JsonObject } from '../../units/json.ts'
import type { Sight } from './sight.ts'
import { conditionOf, timeAt } from './parts.ts'

// A scheduler looks at a pod within milliseconds; for one that has looked at none for so long, nobody does.
const unseenMs = 30_000

/** A pod that has no node yet. */
export function seePending(pod: JsonObject, nowMs: number): Sight {
  const scheduled = conditionOf(pod, 'PodScheduled')
  const createdMs = timeAt(pod, 'metadata', 'creationTimestamp')
  const sinceMs = timeAt(scheduled, 'lastTransitionTime') || createdMs
  const reason = textAt(scheduled, 'reason')
  const message = textAt(scheduled, 'message')
  if (reason === 'SchedulingGated' || (scheduled === undefined && objectsAt(pod, 'spec', 'schedulingGates').length > 0)) {
    const gates = objectsAt(pod, 'spec', 'schedulingGates').flatMap((gate) => textAt(gate, 'name') ?? [])
    return pending('SchedulingGated', `it is not to be scheduled before its scheduling gates are removed: ${gates.join(', ')}`, sinceMs, false)
  }
  const nominated = textAt(pod, 'status', 'nominatedNodeName')
  if (nominated !== undefined) return pending('Preempting', `it is to run on ${nominated}, once the pods are gone whose place it takes`, sinceMs, false)
  if (scheduled?.['status'] === 'False' && reason !== undefined) return pending(reason, message ?? 'the scheduler does not say why', sinceMs, true)
  const scheduler = textAt(pod, 'spec', 'schedulerName') ?? 'default-scheduler'
  const waitedMs = nowMs - createdMs
  if (waitedMs < unseenMs) return pending('NotScheduled', 'it is not scheduled yet', sinceMs, false)
  return pending('NoScheduler', `no scheduler has looked at it for ${formatAge(waitedMs / 1_000)}; the one that it asks for is ${scheduler}`, sinceMs, true)
}

function pending(reason: string, why: string, sinceMs: number, isTrouble: boolean): Sight {
  return { state: 'Pending', label: isTrouble ? `Pending: ${reason}` : 'Pending', reason, why, sinceMs, isTrouble }
}
