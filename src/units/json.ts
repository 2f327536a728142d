/** A JSON value as `JSON.parse` makes it. */
export type Json = null | boolean | number | string | readonly Json[] | JsonObject

/** A JSON object; reading a key that is not there gives `undefined`. */
export interface JsonObject {
  readonly [key: string]: Json | undefined
}

/** True for a JSON object, and for nothing else: not for null, not for an array. */
export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The objects of a JSON list; none where it is no list. */
export function objectsOf(list: unknown): readonly JsonObject[] {
  return Array.isArray(list) ? list.filter(isObject) : []
}

/** True where Kubernetes reads a field as not there: absent, or null. */
export function isAbsent(value: unknown): value is null | undefined {
  return value === undefined || value === null
}

/** True for a whole number from 0 that JSON carries without loss. */
export function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}

/** True for an object whose every value is a string. */
export function isStringMap(value: unknown): value is Readonly<Record<string, string>> {
  if (!isObject(value)) return false
  for (const key of Object.keys(value)) {
    if (typeof value[key] !== 'string') return false
  }
  return true
}

/** Whether two JSON values are the same; the order of keys does not count. */
export function isSame(left: unknown, right: unknown): boolean {
  if (left === right || Object.is(left, right)) return true
  if (Array.isArray(left)) {
    return Array.isArray(right) && left.length === right.length && left.every((each, index) => isSame(each, right[index]))
  }
  if (!isObject(left) || !isObject(right)) return false
  const keys = Object.keys(left)
  return keys.length === Object.keys(right).length && keys.every((key) => Object.hasOwn(right, key) && isSame(left[key], right[key]))
}

/** A copy that shares nothing with the value, nor within itself. */
export function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf)
  if (!isObject(value)) return value
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, copyOf(each)]))
}
