import type { DecisionContext } from '../inject/context.ts'
import { decide } from '../inject/decide.ts'
import { readLockStart } from '../inject/lock-start.ts'
import { lockContainerName, statusKey } from '../inject/names.ts'
import { readStatus } from '../inject/status.ts'
import type { JsonObject } from '../units/json.ts'
import { at, nameOf, objectsAt, textAt } from './json-paths.ts'

/** What the checks look at of a pod; there may be many thousands of them. */
export interface CheckedPod {
  /** `NAMESPACE/NAME` */
  readonly name: string
  readonly node: string | undefined
  /** What would be put into it if it were created now. */
  readonly lacks: readonly ('nap' | 'lock')[]
  /** How long its containers nap; 0 for not at all. */
  readonly napSeconds: number
  /** Its init container has ended: when, and with which last words. */
  readonly waited?: { readonly at: number; readonly words: string }
  /** Why its init container cannot start. */
  readonly hangs?: string
}

/** Reads a pod; undefined where it is over, or on its way out. */
export function readCheckedPod(pod: JsonObject, context: DecisionContext): CheckedPod | undefined {
  const phase = at(pod, 'status', 'phase')
  if (phase === 'Succeeded' || phase === 'Failed' || at(pod, 'metadata', 'deletionTimestamp') !== undefined) return undefined
  const codes = decide(pod, context).reasons.map(({ code }) => code)
  const own = objectsAt(pod, 'status', 'initContainerStatuses').find((each) => each['name'] === lockContainerName)
  const end = textAt(own, 'state', 'terminated', 'finishedAt')
  const start = readLockStart(pod)
  return {
    name: nameOf(pod),
    node: textAt(pod, 'spec', 'nodeName'),
    lacks: [...(codes.includes('nap-added') ? (['nap'] as const) : []), ...(codes.includes('lock-added') ? (['lock'] as const) : [])],
    napSeconds: readStatus(textAt(pod, 'metadata', 'annotations', statusKey))?.nap?.seconds ?? 0,
    ...(end === undefined ? {} : { waited: { at: Date.parse(end), words: textAt(own, 'state', 'terminated', 'message')?.trim() ?? '' } }),
    ...(start.kind === 'waiting' && start.failure !== '' ? { hangs: start.failure } : {}),
  }
}
