import { at } from '../../check/json-paths.ts'
import { isObject, type JsonObject } from '../../units/json.ts'
import { isWorkload } from './kinds.ts'

const inTheirOwnRoom = { maxUnavailable: 1, maxSurge: 0 }

/**
 * The objects of a job with a rollout that needs no room beside the instances that run: one goes before the next one comes.
 * Undefined: its rollout needs none as it is.
 */
export function relaxRollout(objects: readonly JsonObject[]): readonly JsonObject[] | undefined {
  const relaxed = objects.map((each) => (isWorkload(each) ? relax(each) : each))
  return relaxed.some((each, index) => each !== objects[index]) ? relaxed : undefined
}

function relax(workload: JsonObject): JsonObject {
  const field = workload['kind'] === 'DaemonSet' ? 'updateStrategy' : 'strategy'
  if (at(workload, 'spec', field, 'type') !== 'RollingUpdate' || at(workload, 'spec', field, 'rollingUpdate', 'maxUnavailable') !== 0) return workload
  const spec = isObject(workload['spec']) ? workload['spec'] : {}
  return { ...workload, spec: { ...spec, [field]: { type: 'RollingUpdate', rollingUpdate: inTheirOwnRoom } } }
}
