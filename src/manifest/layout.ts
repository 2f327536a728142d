import { isMap, isSeq, type YAMLMap, type YAMLSeq } from 'yaml'
import type { Manifest } from './document.ts'
import type { FlowStyle } from './print.ts'
import { columnOf, dashOf, endOf, isBlock, lineEnd, lineStart, nameOf, startOf, startOfItem } from './source.ts'

/** How the block YAML of a document is laid out, so that what comes into it looks as its author would have written it. */
export interface Layout {
  /** Columns by which a map is indented. */
  readonly indent: number
  /** Columns by which the list of a key is indented. */
  readonly listIndent: number
  /** Spaces behind a dash. */
  readonly dashSpaces: number
  /** Whether any line ends in CRLF. */
  readonly hasCrlf: boolean
}

/** As kubectl prints. */
export const plainLayout: Layout = { indent: 2, listIndent: 0, dashSpaces: 1, hasCrlf: false }

/** Looks at the layout of a document. */
export function layoutOf({ text, root }: Manifest): Layout {
  const indent = indentOf(text, root) ?? plainLayout.indent
  return { ...plainLayout, indent, ...listLayout(text, root), hasCrlf: text.includes('\r\n') }
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

/** The layout of the first list that is to be found in a map; most often that is `containers`. */
function listLayout(text: string, map: YAMLMap): Pick<Layout, 'listIndent' | 'dashSpaces'> | undefined {
  const ordered = map.items.toSorted((left, right) => rank(nameOf(left)) - rank(nameOf(right)))
  for (const pair of ordered) {
    const { key, value } = pair
    if (!isBlock(value)) continue
    // In a List, what its first item holds tells more than the List itself.
    const [first] = isSeq(value) && nameOf(pair) === 'items' ? value.items : [value]
    const found = isMap(first) ? listLayout(text, first) : undefined
    if (found !== undefined) return found
    if (isMap(value)) continue
    const steps = columnOf(text, dashOf(value, 0) ?? startOf(value)) - columnOf(text, startOf(key))
    return { listIndent: Math.min(steps, mostIndent), dashSpaces: dashSpacesOf(text, value) }
  }
  return undefined
}

/** The spaces behind the first dash of a list. */
export function dashSpacesOf(text: string, list: YAMLSeq): number {
  const dash = dashOf(list, 0) ?? startOf(list)
  const content = startOf(list.items[0])
  return content > dash && content < lineEnd(text, dash) ? Math.min(content - dash - 1, mostIndent) : 1
}

// Where the lists are that matter: in the pod's own parts first.
const telling = ['containers', 'spec', 'template', 'jobTemplate', 'items']

function rank(name: string | undefined): number {
  const at = telling.indexOf(name ?? '')
  return at < 0 ? telling.length : at
}

/** How flow style is written where nothing is to be seen of it. */
export const plainFlow: FlowStyle = { quoted: false, compact: false, padded: false, between: ', ', margin: undefined }

/** How a list or map in flow style is written. */
export function flowStyleOf(text: string, node: YAMLMap | YAMLSeq): FlowStyle {
  const start = startOf(node)
  const [first, second] = node.items
  if (node.flow !== true || first === undefined) return plainFlow
  const open = text.slice(start + 1, startOfItem(first))
  const between = second === undefined ? undefined : text.slice(endOf(first), startOfItem(second))
  const { quoted, compact } = quotingOf(text, node) ?? plainFlow
  return {
    quoted,
    compact,
    padded: open.endsWith(' ') && !open.includes('\n'),
    between: between !== undefined && /^, *$/.test(between) ? between : compact ? ',' : ', ',
    margin: marginOf(text, start, open),
  }
}

/** Whether the first key in a node is quoted as JSON is, and has no space behind its colon. */
function quotingOf(text: string, node: unknown): Pick<FlowStyle, 'quoted' | 'compact'> | undefined {
  if (isSeq(node)) {
    for (const item of node.items) {
      const found = quotingOf(text, item)
      if (found !== undefined) return found
    }
    const [first] = node.items
    return first === undefined ? undefined : { quoted: text[startOf(first)] === '"', compact: false }
  }
  if (!isMap(node) || node.flow !== true) return undefined
  const key = node.items[0]?.key
  if (key === undefined) return undefined
  const quoted = text[startOf(key)] === '"'
  return { quoted, compact: quoted && /^\s*:\S/.test(text.slice(endOf(key), endOf(key) + 100)) }
}

function marginOf(text: string, start: number, open: string): FlowStyle['margin'] {
  const item = /\n([ \t]*)$/.exec(open)?.[1]
  if (item === undefined) return undefined
  const outer = /^[ \t]*/.exec(text.slice(lineStart(text, start), start))?.[0] ?? ''
  return { item, step: item.startsWith(outer) && item.length > outer.length ? item.slice(outer.length) : '  ' }
}
