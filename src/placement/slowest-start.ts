import { numberAt, objectsAt } from '../check/json-paths.ts'
import type { JsonObject } from '../units/json.ts'

/** What a pod's wait for the startup lock is bounded by. */
export interface LockBounds {
  readonly leaseSeconds: number
  readonly maxWaitSeconds: number
}

/**
 * By when the last of a workload's new pods may have started, as far as that can be told beforehand: how long it may wait
 * for the lock of its node, and how soon after that its probes can call it ready. Images, volumes, and what the application
 * itself takes are not in it.
 */
export interface StartBound {
  /** How many of the new pods can come to one node at the most. */
  readonly podsOnOneNode: number
  /** Undefined: its pods do not wait for a lock. */
  readonly lock?: LockBounds
  /** For the lock: each of the others on its node holds it for a whole lease, and nobody waits longer than the maximum. */
  readonly waitSeconds: number
  /** Before which no pod is ready, by the delays and thresholds of its probes. */
  readonly readinessFloorSeconds: number
}

/** @param podsOnOneNode of those that start. */
export function boundStart(pod: JsonObject, lock: LockBounds | undefined, podsOnOneNode: number): StartBound {
  return {
    podsOnOneNode,
    ...(lock === undefined ? {} : { lock }),
    waitSeconds: lock === undefined ? 0 : Math.min(lock.maxWaitSeconds, Math.max(0, podsOnOneNode - 1) * lock.leaseSeconds),
    readinessFloorSeconds: Math.max(0, ...objectsAt(pod, 'spec', 'containers').map(floorOf)),
  }
}

/** The readiness probe begins when the startup probe has succeeded, and has to succeed so many times in a row. */
function floorOf(container: JsonObject): number {
  const delay = Math.max(numberAt(container, 'startupProbe', 'initialDelaySeconds'), numberAt(container, 'readinessProbe', 'initialDelaySeconds'))
  const successes = Math.max(1, numberAt(container, 'readinessProbe', 'successThreshold'))
  return delay + (successes - 1) * (numberAt(container, 'readinessProbe', 'periodSeconds') || defaultPeriodSeconds)
}

const defaultPeriodSeconds = 10
