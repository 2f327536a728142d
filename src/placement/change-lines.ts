import { columns, printable } from '../terminal/columns.ts'
import type { Paint } from '../terminal/paint.ts'
import type { Json } from '../units/json.ts'
import type { FieldChange } from './changes.ts'
import type { ObjectChange } from './room-plan.ts'

// What is longer says no more to people; the JSON has all of it.
const longestValue = 120
const mostFields = 40

/** What would become of objects, as lines for people. */
export function changeLines(changes: readonly ObjectChange[], paint: Paint): readonly string[] {
  const titles = columns(changes.map(({ kind, namespace, name, change }) => [`${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`, change]))
  return changes.flatMap((change, index) => [
    paintChange(change, titles[index] ?? '', paint),
    ...(change.detail === undefined ? [] : [`    ${printable(change.detail)}`]),
    ...change.fields.slice(0, mostFields).flatMap((field) => fieldLines(field, paint)),
    ...(change.fields.length > mostFields ? [`    … and ${change.fields.length - mostFields} more fields (-o json has them)`] : []),
  ])
}

const colors = { created: 'green', changed: 'yellow', deleted: 'red', unknown: 'red' } as const

function paintChange({ change }: ObjectChange, line: string, paint: Paint): string {
  return change === 'unchanged' ? line : paint(colors[change], line)
}

function fieldLines({ path, before, after }: FieldChange, paint: Paint): readonly string[] {
  return [
    `    ${printable(path)}`,
    ...(before === undefined ? [] : [`      ${paint('red', `- ${valueText(before)}`)}`]),
    ...(after === undefined ? [] : [`      ${paint('green', `+ ${valueText(after)}`)}`]),
  ]
}

function valueText(value: Json): string {
  const text = printable(typeof value === 'string' ? value : JSON.stringify(value))
  return text.length > longestValue ? `${text.slice(0, longestValue - 1)}…` : text
}
