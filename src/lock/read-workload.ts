import { controllerOf } from '../units/controller.ts'
import { isObject, type JsonObject } from '../units/json.ts'
import type { Workload } from './learning/workload.ts'

/** By these labels controllers tell pods of one template from those of another: Deployments; StatefulSets. */
const templateLabels = ['pod-template-hash', 'controller-revision-hash'] as const
/** Nobody checks what an owner reference says, and hundreds of these are kept. */
const maxLength = 512

/**
 * Reads of a Pod's JSON of which workload it is: one controller, one template, one namespace. Undefined where it has no
 * controller, or one whose pods may be made of several templates that nothing tells apart.
 */
export function readWorkload(pod: JsonObject): Workload | undefined {
  const owner = controllerOf(pod)
  const { namespace, labels } = isObject(pod['metadata']) ? pod['metadata'] : {}
  if (owner === undefined || typeof namespace !== 'string') return undefined
  const { kind, name, uid } = owner
  const template = templateOf(owner, isObject(labels) ? labels : {})
  if (template === undefined || typeof kind !== 'string' || typeof name !== 'string' || typeof uid !== 'string') return undefined
  const workload = { key: `${namespace}/${uid}/${template}`, name: `${namespace}/${kind}/${name}` }
  return workload.key.length > maxLength || workload.name.length > maxLength ? undefined : workload
}

function templateOf({ apiVersion, kind }: JsonObject, labels: JsonObject): string | undefined {
  // It has one template for all of its life.
  if (kind === 'Job' && typeof apiVersion === 'string' && apiVersion.startsWith('batch/')) return ''
  for (const label of templateLabels) {
    const value = labels[label]
    if (typeof value === 'string' && value !== '') return value
  }
  return undefined
}
