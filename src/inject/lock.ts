import type { JsonObject } from '../units/json.ts'
import type { DecisionContext } from './context.ts'
import { changedResources, hasOurInitContainer, initContainerObstacle } from './init-container.ts'
import type { PodFacts } from './pod.ts'
import type { ReasonCode } from './reasons.ts'
import type { Settings } from './settings.ts'
import type { InjectionStatus } from './status.ts'
import { hasTokenVolume } from './token-volume.ts'

/** Whether the pod is to wait for the lock, and if so, for how long at the most. */
export type LockPlan =
  | { readonly kind: 'wait'; readonly maxWaitSeconds: number; readonly token: boolean }
  /** The init container of an earlier review gets the resources that the first container has by now. */
  | { readonly kind: 'resize'; readonly index: number; readonly resources: JsonObject }
  | { readonly kind: 'leave'; readonly code: ReasonCode }

/** Decides about the lock of a pod. */
export function planLock(
  facts: PodFacts,
  settings: Settings,
  context: DecisionContext,
  status: InjectionStatus | undefined,
): LockPlan {
  if (hasOurInitContainer(facts, status)) {
    const changed = changedResources(facts)
    return changed === undefined ? { kind: 'leave', code: 'already-injected' } : { kind: 'resize', ...changed }
  }
  const code = reasonAgainst(facts, settings, context)
  if (code !== undefined) return { kind: 'leave', code }
  const maxWaitSeconds = Math.min(settings.maxWaitSeconds, halfOfDeadline(facts))
  return { kind: 'wait', maxWaitSeconds, token: context.config.lock.token }
}

function reasonAgainst(facts: PodFacts, settings: Settings, context: DecisionContext): ReasonCode | undefined {
  if (!settings.lock) return 'lock-disabled'
  if (facts.controller?.kind === 'DaemonSet') return 'daemonset-pod'
  const priorityClass = facts.spec['priorityClassName']
  if (typeof priorityClass === 'string' && priorityClass.startsWith('system-')) return 'system-priority'
  if (facts.controller?.kind === 'Job' && !settings.asked.lock) return 'job-pod'
  // A wait of 0 would mean "for ever" to usher-wait.
  if (halfOfDeadline(facts) < 1) return 'deadline-too-short'
  // Without its token the lock would not know the pod, and let it wait for nothing.
  if (context.config.lock.token && hasTokenVolume(facts)) return 'name-conflict'
  return initContainerObstacle(facts, context)
}

/** The wait counts toward the pod's own deadline: half of it, in whole seconds, is left to the application. */
function halfOfDeadline(facts: PodFacts): number {
  const deadline = facts.spec['activeDeadlineSeconds']
  return typeof deadline === 'number' ? Math.floor(deadline / 2) : Number.POSITIVE_INFINITY
}
