import { at, numberAt, textAt } from '../../check/json-paths.ts'
import { formatAge } from '../../units/age.ts'
import type { JsonObject } from '../../units/json.ts'
import { exitWords } from './exit-words.ts'
import type { Sight } from './sight.ts'
import { conditionOf, type Part, timeAt } from './parts.ts'

// A kubelet takes that long to tell that a pod is gone whose time is over.
const confirmMs = 30_000

/** A pod that is being deleted; undefined: it is not. */
export function seeEnding(pod: JsonObject, nowMs: number): Sight | undefined {
  const endMs = timeAt(pod, 'metadata', 'deletionTimestamp')
  if (endMs === 0) return undefined
  const overdueMs = nowMs - endMs
  const isOverdue = overdueMs > confirmMs
  return {
    state: 'Ending',
    label: 'Ending',
    reason: isOverdue ? 'EndOverdue' : (textAt(conditionOf(pod, 'DisruptionTarget'), 'reason') ?? 'Deleted'),
    why: `${becauseOf(pod)}; ${isOverdue ? `it should have ended ${formatAge(overdueMs / 1_000)} ago: ${whatHolds(pod)}` : `it has ${formatAge(Math.max(0, -overdueMs) / 1_000)} left to end`}`,
    sinceMs: endMs - numberAt(pod, 'metadata', 'deletionGracePeriodSeconds') * 1_000,
    isTrouble: isOverdue,
  }
}

const disruptions: Readonly<Record<string, string>> = {
  PreemptionByScheduler: 'a pod of higher priority takes its place',
  DeletionByTaintManager: 'its node has a taint that it does not tolerate, as a lost node has',
  EvictionByEvictionAPI: 'it is evicted, as a drain of its node does',
  DeletionByPodGC: 'its node is gone',
  TerminationByKubelet: 'its kubelet ends it',
}

function becauseOf(pod: JsonObject): string {
  const disruption = conditionOf(pod, 'DisruptionTarget')
  return disruption?.['status'] === 'True' ? (disruptions[textAt(disruption, 'reason') ?? ''] ?? textAt(disruption, 'message') ?? 'it is deleted') : 'it is deleted'
}

function whatHolds(pod: JsonObject): string {
  const finalizers = at(pod, 'metadata', 'finalizers')
  const held = Array.isArray(finalizers) ? finalizers.filter((each) => typeof each === 'string') : []
  if (held.length > 0) return `it is held by ${held.join(', ')}`
  return `its kubelet${textAt(pod, 'spec', 'nodeName') === undefined ? '' : ` (${textAt(pod, 'spec', 'nodeName')})`} does not confirm it`
}

/** A pod that has come to its end by itself, or failed for good; undefined: it has not. */
export function seeEnded(pod: JsonObject, parts: readonly Part[]): Sight | undefined {
  const phase = textAt(pod, 'status', 'phase')
  if (phase !== 'Succeeded' && phase !== 'Failed') return undefined
  const sinceMs = Math.max(0, ...parts.map(({ ended }) => ended?.finishedMs ?? 0))
  if (phase === 'Succeeded') return { state: 'Done', label: 'Done', reason: 'Completed', why: 'all its containers have ended well', sinceMs, isTrouble: false }
  const [reason, message] = [textAt(pod, 'status', 'reason'), textAt(pod, 'status', 'message')]
  const failed = parts.find(({ ended }) => ended !== undefined && ended.code !== 0)
  const why = message ?? (failed?.ended === undefined ? reason : `${failed.name} ${exitWords(failed.ended)}`) ?? 'a container of it has failed'
  const code = reason ?? (failed?.ended?.reason || 'Failed')
  return { state: 'Failed', label: `Failed: ${code}`, reason: code, why, sinceMs, isTrouble: true, ...(reason === undefined && failed !== undefined ? { container: failed.name } : {}) }
}
