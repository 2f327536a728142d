import { named, objectsAt, textAt } from '../check/json-paths.ts'
import { targetText } from '../depends-on/dependency.ts'
import { parseDependsOn } from '../depends-on/parse.ts'
import { injectKey, lockContainerName, tuning } from '../inject/names.ts'
import type { WantedWorkload } from '../placement/plan-workload.ts'

/**
 * What a workload asks of usher that its pods do not get, by one that the API server has tried: the webhook is not there, is
 * not called for it, or leaves the lock out. In a sentence; undefined: it gets all of it, or that cannot be told.
 */
export function withoutLock({ kind, name, pod, judgedBy }: WantedWorkload): string | undefined {
  if (judgedBy !== 'dry-run' || named(objectsAt(pod, 'spec', 'initContainers'), lockContainerName) !== undefined) return undefined
  const awaited = parseDependsOn(textAt(pod, 'metadata', 'annotations', tuning.dependsOn) ?? '').dependencies.map(({ target }) => targetText(target))
  const isInTurn = kind !== 'DaemonSet' && textAt(pod, 'metadata', 'labels', injectKey) === 'enabled' && textAt(pod, 'metadata', 'annotations', tuning.lock) !== 'disabled'
  const lost = [...(isInTurn ? ['start without waiting for their turn'] : []), ...(awaited.length === 0 ? [] : [`do not wait for ${awaited.join(', ')}`])]
  if (lost.length === 0) return undefined
  return `pods of ${kind} ${name} get no ${lockContainerName} here, so they ${lost.join(' and ')}: usher check says why`
}
