import { isMap, isSeq, type YAMLMap } from 'yaml'
import type { Manifest } from './document.ts'
import { columnOf, dashOf, endOf, isBlock, nameOf, startOf } from './source.ts'

/** How a document is laid out, so that what comes into it looks as its author would have written it. */
export interface Layout {
  readonly newline: '\n' | '\r\n'
  /** Columns by which block YAML is indented. */
  readonly indent: number
  /** Whether the lists of a map are indented, too. */
  readonly indentsLists: boolean
  readonly json: boolean
  /** Whether JSON on one line goes without spaces. */
  readonly compact: boolean
}

/** Looks at the layout of a document. */
export function layoutOf({ text, root }: Manifest): Layout {
  const object = text.slice(startOf(root), endOf(root))
  const json = isJson(object)
  return {
    newline: /\r?\n/.exec(text)?.[0] === '\r\n' ? '\r\n' : '\n',
    indent: indentOf(text, root) ?? 2,
    indentsLists: indentsLists(text, root) ?? false,
    json,
    compact: json && !/^[^"]*"(?:[^"\\]|\\.)*"\s*:\s/.test(object),
  }
}

function isJson(text: string): boolean {
  if (!text.startsWith('{')) return false
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

// Beyond that, somebody aligned a value with something else.
const mostIndent = 10

/** The indentation of the first map in a map. */
function indentOf(text: string, map: YAMLMap): number | undefined {
  for (const { key, value } of map.items) {
    if (!isBlock(value) || !isMap(value)) continue
    const steps = columnOf(text, startOf(value)) - columnOf(text, startOf(key))
    return steps <= mostIndent ? steps : undefined
  }
  return undefined
}

/** Whether the first list of a map that is to be found is indented; most often that is `containers`. */
function indentsLists(text: string, map: YAMLMap): boolean | undefined {
  const ordered = map.items.toSorted((left, right) => rank(nameOf(left)) - rank(nameOf(right)))
  for (const { key, value } of ordered) {
    if (!isBlock(value)) continue
    if (isSeq(value)) return columnOf(text, dashOf(value, 0) ?? startOf(value)) > columnOf(text, startOf(key))
    const found = indentsLists(text, value)
    if (found !== undefined) return found
  }
  return undefined
}

// Where the lists are that matter: in the pod's own parts first.
const telling = ['containers', 'spec', 'template', 'jobTemplate', 'items']

function rank(name: string | undefined): number {
  const at = telling.indexOf(name ?? '')
  return at < 0 ? telling.length : at
}
