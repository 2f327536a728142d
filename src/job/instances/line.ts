import { printable } from '../../terminal/columns.ts'
import { formatAge } from '../../units/age.ts'
import type { Instance } from './instance.ts'

/** The columns of {@link instanceRow}. */
export const instanceHeads = ['INSTANCE', 'NODE', 'STATE', 'SINCE', 'WHY'] as const

/** A line for an instance: `app-7d9f-x2k4  node-2  Queued for the lock #3  12s`, and why, where that tells more. */
export function instanceLine(instance: Instance, nowMs: number): string {
  return instanceRow(instance, nowMs).filter((cell) => cell !== '').map(printable).join('  ')
}

/** The cells of a line, for a table. */
export function instanceRow({ name, node, state, label, why, sinceMs }: Instance, nowMs: number): readonly string[] {
  return [name, node ?? '-', label, sinceMs === 0 ? '-' : formatAge((nowMs - sinceMs) / 1_000), state === 'Healthy' || state === 'Done' ? '' : firstLineOf(why)]
}

// A table of a terminal; all of it is in the JSON.
const longest = 160

function firstLineOf(text: string): string {
  const [line = ''] = text.split('\n', 1)
  return line.length <= longest ? line : `${line.slice(0, longest - 1).toWellFormed()}…`
}
