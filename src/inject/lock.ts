import type { Dependency } from '../depends-on/dependency.ts'
import type { JsonObject } from '../units/json.ts'
import type { DecisionContext } from './context.ts'
import { boundGate, type Gate, longestWait } from './gate.ts'
import { changedResources, hasOurInitContainer, initContainerObstacle } from './init-container.ts'
import type { PodFacts } from './pod.ts'
import type { ReasonCode } from './reasons.ts'
import type { Settings } from './settings.ts'
import type { InjectionStatus } from './status.ts'
import { hasTokenVolume } from './token-volume.ts'

/** Whether the pod is to wait for the lock, or for what it depends on, and if so, for how long at the most. */
export type LockPlan =
  | WaitPlan
  /** The init container of an earlier review gets the resources that the first container has by now. */
  | { readonly kind: 'resize'; readonly index: number; readonly resources: JsonObject }
  | { readonly kind: 'leave'; readonly code: ReasonCode }

/** A pod that is to wait. */
export interface WaitPlan {
  readonly kind: 'wait'
  /** For all of it. */
  readonly maxWaitSeconds: number
  readonly token: boolean
  /** Why it takes no permit, and waits for what it depends on alone; undefined: it takes one. */
  readonly without: ReasonCode | undefined
  /** What it depends on. */
  readonly dependencies: readonly Dependency[]
  /** What has to stand in its annotation for that; undefined: what does. */
  readonly annotation: string | undefined
}

/** Decides about the lock of a pod. */
export function planLock(
  facts: PodFacts,
  settings: Settings,
  context: DecisionContext,
  status: InjectionStatus | undefined,
  warnings: string[],
): LockPlan {
  if (hasOurInitContainer(facts, status)) {
    const changed = changedResources(facts)
    return changed === undefined ? { kind: 'leave', code: 'already-injected' } : { kind: 'resize', ...changed }
  }
  const without = reasonWithout(facts, settings)
  const isGated = settings.gate.dependencies.length > 0 && reasonUngated(facts, settings.gate) === undefined
  if (without !== undefined && !isGated) return { kind: 'leave', code: without }
  const code = obstacleOf(facts, context)
  if (code !== undefined) return { kind: 'leave', code }
  const left = halfOfDeadline(facts)
  // Where all of it would be longer than the pod may take, half of that is left for its turn.
  const gateLeft = Math.max(Math.floor(left / 2), left - settings.maxWaitSeconds)
  const gate = isGated ? boundGate(settings.gate, facts, context, gateLeft, warnings) : { dependencies: [], annotation: undefined }
  const maxWaitSeconds = Math.min(longestWait(gate.dependencies) + settings.maxWaitSeconds, left)
  return { kind: 'wait', maxWaitSeconds, token: context.config.lock.token, without, ...gate }
}

/** Why a pod takes no permit, whatever it depends on. */
function reasonWithout(facts: PodFacts, settings: Settings): ReasonCode | undefined {
  if (!settings.lock) return 'lock-disabled'
  if (facts.controller?.kind === 'DaemonSet') return 'daemonset-pod'
  if (isOfSystem(facts)) return 'system-priority'
  return facts.controller?.kind === 'Job' && !settings.asked.lock ? 'job-pod' : undefined
}

/**
 * Why a pod does not wait for what it depends on, though something says that it does; undefined: it waits. Agents of a node
 * and Jobs, whose deadline includes the wait, wait where they ask for it themselves, and by no default.
 */
export function reasonUngated({ controller }: PodFacts, { isOwn }: Gate): ReasonCode | undefined {
  if (isOwn) return undefined
  if (controller?.kind === 'DaemonSet') return 'daemonset-pod'
  return controller?.kind === 'Job' ? 'job-pod' : undefined
}

/** Why a pod cannot wait at all. */
function obstacleOf(facts: PodFacts, context: DecisionContext): ReasonCode | undefined {
  if (isOfSystem(facts)) return 'system-priority'
  // A wait of 0 would mean "for ever" to usher-wait.
  if (halfOfDeadline(facts) < 1) return 'deadline-too-short'
  // Without its token the lock would not know the pod, and let it wait for nothing.
  if (context.config.lock.token && hasTokenVolume(facts)) return 'name-conflict'
  return initContainerObstacle(facts, context)
}

function isOfSystem({ spec }: PodFacts): boolean {
  const { priorityClassName } = spec
  return typeof priorityClassName === 'string' && priorityClassName.startsWith('system-')
}

/** The wait counts toward the pod's own deadline: half of it, in whole seconds, is left to the application. */
function halfOfDeadline(facts: PodFacts): number {
  const deadline = facts.spec['activeDeadlineSeconds']
  return typeof deadline === 'number' ? Math.floor(deadline / 2) : Number.POSITIVE_INFINITY
}
