import { textAt } from '../check/json-paths.ts'
import type { JsonObject } from '../units/json.ts'
import { type ChartKind, listPath } from './chart-kinds.ts'

/** An object of the chart, as it is to be or as the API server has it. */
export interface ChartObject {
  readonly kind: ChartKind
  readonly body: JsonObject
}

/** The name of an object. */
export function objectName({ body }: ChartObject): string {
  return textAt(body, 'metadata', 'name') ?? ''
}

/** The namespace that an object is in; undefined: in none. */
export function objectNamespace({ kind, body }: ChartObject): string | undefined {
  return kind.isNamespaced ? textAt(body, 'metadata', 'namespace') : undefined
}

/** Where the API server has it; of two objects with one path, there is one. */
export function objectPath(object: ChartObject): string {
  return `${listPath(object.kind, objectNamespace(object))}/${encodeURIComponent(objectName(object))}`
}

/** `Kind name`, for people. */
export function titleOf(object: ChartObject): string {
  return `${object.kind.kind} ${objectName(object)}`
}

/** Several of them in a sentence; more than a few are counted. */
export function titlesOf(objects: readonly ChartObject[], describe: (object: ChartObject) => string = titleOf): string {
  const rest = objects.length - shownTitles
  return [...objects.slice(0, shownTitles).map(describe), ...(rest > 0 ? [`${rest} more`] : [])].join(', ')
}

const shownTitles = 5
