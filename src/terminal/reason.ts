import { reasonTable, type Reason } from '../inject/reasons.ts'
import type { Paint } from './paint.ts'

/** A reason as a line for people: of what, its code, for which containers, and its sentence. */
export function showReason(reason: Reason, paint: Paint): string {
  const { code, feature, containers, detail } = reason
  const done = code === 'nap-added' || code === 'lock-added'
  const of = containers === undefined ? '' : ` (${containers.join(', ')})`
  const more = detail === undefined ? '' : ` (${detail})`
  return `${(feature ?? 'pod').padEnd(4)} ${paint(done ? 'green' : 'cyan', code)}${of}: ${reasonTable[code]}${more}`
}
