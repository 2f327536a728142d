import { isObject, type JsonObject } from '../units/json.ts'

/** The objects of a JSON list; none where it is no list. */
export function objectsOf(list: unknown): readonly JsonObject[] {
  return Array.isArray(list) ? list.filter(isObject) : []
}
