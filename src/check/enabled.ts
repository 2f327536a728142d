import { injectKey } from '../inject/names.ts'
import type { JsonObject } from '../units/json.ts'
import { at } from './json-paths.ts'

/** Whether usher is on in a namespace. */
export function isEnabled(namespace: JsonObject): boolean {
  return at(namespace, 'metadata', 'labels', injectKey) === 'enabled'
}
