import { isObject, type JsonObject, objectsOf } from './json.ts'

/** The reference to the owner that controls an object of Kubernetes; undefined: it has none. */
export function controllerOf({ metadata }: JsonObject): JsonObject | undefined {
  return objectsOf(isObject(metadata) ? metadata['ownerReferences'] : undefined).find(({ controller }) => controller === true)
}
