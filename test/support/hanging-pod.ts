import type { Hang } from '../../src/rescue/hang.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { podJson, waitStatus } from './pod-json.ts'

/** When {@link hangingPod} was scheduled. */
export const scheduledAt = '2026-11-25T10:00:03Z'

/** So many seconds after that, in milliseconds since 1970. */
export function later(seconds: number): number {
  return Date.parse(scheduledAt) + seconds * 1_000
}

/** What is not as usual of a pod that waits for its usher-lock. */
export interface HangingParts {
  /** Of usher-lock; undefined: its kubelet says nothing of it. */
  readonly state?: JsonObject | undefined
  readonly metadata?: JsonObject
  readonly spec?: JsonObject
  readonly status?: JsonObject
  /** Of the other init containers. */
  readonly statuses?: readonly JsonObject[]
}

/** A pod on its node, with a sandbox, whose usher-lock is in a state. */
export function hangingPod(parts: HangingParts = {}): JsonObject {
  const { metadata = {}, spec = {}, status = {}, statuses = [] } = parts
  const state = 'state' in parts ? parts.state : waiting('ImagePullBackOff')
  return podJson('web', {
    metadata,
    spec,
    status: {
      phase: 'Pending',
      startTime: scheduledAt,
      conditions: [condition('PodScheduled'), condition('PodReadyToStartContainers')],
      initContainerStatuses: [...statuses, ...(state === undefined ? [] : [waitStatus(undefined, state)])],
      ...status,
    },
  })
}

/** A condition since a time. */
export function condition(type: string, status = 'True', lastTransitionTime = scheduledAt): JsonObject {
  return { type, status, lastTransitionTime }
}

/** The state of a container that does not run. */
export function waiting(reason: string): JsonObject {
  return { waiting: { reason } }
}

/** What {@link hangingPod} is found to be. */
export function hang(parts: Partial<Hang> = {}): Hang {
  return {
    pod: 'shop/web',
    namespace: 'shop',
    name: 'web',
    uid: 'uid-web',
    resourceVersion: '1',
    node: 'n1',
    image: 'usher-wait:1',
    kind: 'failing',
    why: 'ImagePullBackOff',
    sinceMs: Date.parse(scheduledAt),
    owner: { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'web-6d4cf56db6', uid: 'uid-owner' },
    ...parts,
  }
}
