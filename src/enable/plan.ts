import { textAt } from '../check/json-paths.ts'
import type { DecisionContext } from '../inject/context.ts'
import { decide } from '../inject/decide.ts'
import { statusKey } from '../inject/names.ts'
import { defaultGraceSeconds } from '../inject/pod.ts'
import type { Reason } from '../inject/reasons.ts'
import { readStatus } from '../inject/status.ts'
import { patched } from '../manifest/patch-data.ts'
import type { Candidate } from './candidate.ts'

/** A part of an injection that can be turned off by itself. */
export type Feature = 'nap' | 'lock'

/** What usher puts into a pod. Times are whole seconds. */
export interface Effect {
  readonly nap?: { readonly method: 'native' | 'exec'; readonly seconds: number; readonly containers: readonly string[] }
  /** The pod's grace period, without and with the nap. */
  readonly grace?: { readonly without: number; readonly with: number }
  readonly lock: boolean
}

/** What changes for the new pods of a workload. */
export interface Plan {
  readonly candidate: Candidate
  /** `keeps`: what they get now, by a label of their own. */
  readonly change: 'gains' | 'loses' | 'keeps' | 'none'
  /** What they gain, lose or keep. */
  readonly effect: Effect | undefined
  /** What the webhook will decide about them, and why; of those that lose it, what it decides now. */
  readonly reasons: readonly Reason[]
  readonly warnings: readonly string[]
}

/** Decides about the pods of a workload as the webhook does, by its namespace as it is and as it will be. */
export function planOf(candidate: Candidate, now: DecisionContext, later: DecisionContext): Plan {
  const [before, after] = [decide(candidate.pod, now), decide(candidate.pod, later)]
  const [isIn, willBe] = [before.patch.length > 0, after.patch.length > 0]
  const change = willBe ? (isIn ? 'keeps' : 'gains') : isIn ? 'loses' : 'none'
  const { patch, reasons, warnings } = change === 'loses' ? before : after
  if (change === 'none') return { candidate, change, effect: undefined, reasons, warnings }
  const status = readStatus(textAt(patched(candidate.pod, patch), 'metadata', 'annotations', statusKey))
  const nap = status?.nap
  const without = nap?.grace ?? defaultGraceSeconds
  return {
    candidate,
    change,
    effect: {
      ...(nap === undefined ? {} : { nap: { method: nap.method, seconds: nap.seconds, containers: nap.containers }, grace: { without, with: without + nap.raised } }),
      lock: status?.init === 'lock',
    },
    reasons,
    warnings,
  }
}

/** Whether something changes for its new pods. */
export function isChange({ change }: Plan): boolean {
  return change === 'gains' || change === 'loses'
}
