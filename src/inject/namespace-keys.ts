import { meshNamespaceKeys } from './mesh.ts'
import { openShiftRangeKey } from './init-container.ts'
import { prefix } from './names.ts'

const others: ReadonlySet<string> = new Set([openShiftRangeKey, ...meshNamespaceKeys])

/** Whether a decision may depend on this label or annotation of a namespace; nothing else of it need be kept. */
export function isNamespaceKey(key: string): boolean {
  return key.startsWith(prefix) || others.has(key)
}
