import { objectsAt, textAt } from '../check/json-paths.ts'
import type { JsonObject } from '../units/json.ts'
import { type ChartObject, titleOf } from './chart-object.ts'

/**
 * What the API server says where others have set fields that are to be applied, in a sentence: whose they are, and which.
 *
 * @param status of its answer with the code 409; undefined where that is about something else.
 */
export function conflictIn(object: ChartObject, status: JsonObject | undefined): string | undefined {
  const fields = new Map<string, string[]>()
  for (const cause of objectsAt(status, 'details', 'causes')) {
    if (cause['reason'] !== 'FieldManagerConflict') continue
    const manager = /^conflict with "([^"]*)"/.exec(textAt(cause, 'message') ?? '')?.[1] ?? 'somebody'
    fields.set(manager, [...(fields.get(manager) ?? []), textAt(cause, 'field') ?? ''])
  }
  if (fields.size === 0) return undefined
  const whose = [...fields].map(([manager, names]) => `${manager} has set ${names.slice(0, shownFields).join(', ')}${names.length > shownFields ? ` and ${names.length - shownFields} more` : ''}`)
  return `${titleOf(object)}: ${whose.join('; ')}`
}

const shownFields = 3
