import { isObject, type JsonObject } from '../../src/units/json.ts'

const none: JsonObject = {}

/** The object at a path; an empty one where there is none. */
export function objectAt(value: unknown, ...path: readonly string[]): JsonObject {
  const found = valueAt(value, ...path)
  return isObject(found) ? found : none
}

/** The objects of the list at a path; none where there is no list. */
export function listAt(value: unknown, ...path: readonly string[]): readonly JsonObject[] {
  const found = valueAt(value, ...path)
  return Array.isArray(found) ? found.filter(isObject) : []
}

/** The value at a path; undefined where there is none. */
export function valueAt(value: unknown, ...path: readonly string[]): unknown {
  let here = value
  for (const key of path) {
    if (!isObject(here) || !Object.hasOwn(here, key)) return undefined
    here = here[key]
  }
  return here
}

/** The pod's init containers, then its regular ones. */
export function allContainers(pod: unknown): readonly JsonObject[] {
  return [...listAt(pod, 'spec', 'initContainers'), ...listAt(pod, 'spec', 'containers')]
}

/** The names of the pod's init containers, in their order. */
export function initNames(pod: unknown): unknown[] {
  return listAt(pod, 'spec', 'initContainers').map(({ name }) => name)
}

/** Native sidecars: KEP-753. */
export function isNativeSidecar(initContainer: JsonObject): boolean {
  return initContainer['restartPolicy'] === 'Always'
}

/** A value as a sentence shows it. */
export function shown(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value)
}
