import { injectKey } from '../inject/names.ts'
import type { JsonObject } from '../units/json.ts'
import { at } from './json-paths.ts'

/** Whether usher is on in a namespace. One that is being deleted takes no more pods. */
export function isEnabled(namespace: JsonObject): boolean {
  return at(namespace, 'metadata', 'labels', injectKey) === 'enabled' && at(namespace, 'metadata', 'deletionTimestamp') === undefined
}
