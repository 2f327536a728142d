import { at, objectsAt, textAt } from '../../check/json-paths.ts'
import type { JsonObject } from '../../units/json.ts'

/**
 * What an API server leaves out of a workload without a word, because it is too old for it or has it switched off, and
 * without which the workload would run otherwise than it was meant: restart policies of single containers, and tries for
 * each instance of a batch Job. Undefined: nothing of these.
 */
export function droppedFrom(sent: JsonObject, taken: JsonObject): string | undefined {
  const policies = ['initContainers', 'containers'].flatMap((list) => {
    const kept = new Set(restartPoliciesIn(taken, list))
    return restartPoliciesIn(sent, list).filter((name) => !kept.has(name))
  })
  const [first] = policies
  if (first !== undefined) return `restartPolicy of container ${first}`
  return isLimited(sent) && !isLimited(taken) ? 'backoffLimitPerIndex' : undefined
}

function isLimited(workload: JsonObject): boolean {
  return at(workload, 'spec', 'backoffLimitPerIndex') !== undefined
}

/** The names of containers that have one. */
function restartPoliciesIn(workload: JsonObject, list: string): readonly string[] {
  return objectsAt(workload, 'spec', 'template', 'spec', list).flatMap((container) => (container['restartPolicy'] === undefined ? [] : (textAt(container, 'name') ?? [])))
}
