import type { JsonObject } from '../../units/json.ts'
import type { Instance } from './instance.ts'

/** An instance for machines. */
export function instanceJson({ name, node, state, label, reason, why, sinceMs, restarts, isTrouble, container }: Instance): JsonObject {
  return {
    name,
    node: node ?? null,
    state,
    label,
    reason,
    why,
    since: sinceMs === 0 ? null : new Date(sinceMs).toISOString(),
    restarts,
    trouble: isTrouble,
    ...(container === undefined ? {} : { container }),
  }
}
