import { isMap, stringify, type YAMLMap, type YAMLSeq } from 'yaml'
import { yamlOptions } from './document.ts'
import type { Layout } from './layout.ts'
import { endOf, lineStart, startOf } from './source.ts'

declare global {
  interface JSON {
    /** ECMAScript's JSON.parse source text access proposal; Node has it, TypeScript's types not yet. */
    rawJSON(text: string): unknown
  }
}

/** How a string is quoted; `undefined` where it is only where it must be. */
export type Quotes = '"' | "'" | undefined

/** The quotes of a scalar as it stands in a text. */
export function quotesOf(scalar: string): Quotes {
  const [first] = scalar
  return first === '"' || first === "'" ? first : undefined
}

/** Prints a string for block YAML, with these quotes where they can hold it. */
export function printScalar(value: string, quotes: Quotes): string {
  if (quotes === '"') return JSON.stringify(value)
  if (quotes === "'" && isPrintable(value)) return `'${value.replaceAll("'", "''")}'`
  return stringify(value, { ...yamlOptions, lineWidth: 0, blockQuote: false }).trimEnd()
}

/** Whether single quotes can hold it on one line. */
function isPrintable(value: string): boolean {
  return !/[^\u{20}-\u{7e}\u{a0}-\u{d7ff}\u{e000}-\u{fffd}\u{10000}-\u{10ffff}]/u.test(value)
}

/** Prints a value as lines of block YAML, each indented by so many columns and ended. */
export function printBlock(value: unknown, column: number, layout: Layout): string {
  const { indent, indentsLists, newline } = layout
  const printed = stringify(value, { ...yamlOptions, lineWidth: 0, indent, indentSeq: indentsLists })
  const margin = ' '.repeat(column)
  // Not by a pattern's idea of a line, which ends at U+2028, too.
  return printed
    .split('\n')
    .map((line) => (line === '' ? '' : margin + line))
    .join(newline)
}

/** What stands around the items of a list or map in flow style. */
export interface Separators {
  /** Between two items. */
  readonly between: string
  /** Before the first item, and after the last one. */
  readonly open: string
  readonly close: string
  /** What comes in front of each line of an item, and what it is indented by; undefined where all is on one line. */
  readonly margin: { readonly item: string; readonly step: string } | undefined
}

/** The separators of a list or map in flow style, as far as they are to be seen in it. */
export function separatorsOf(text: string, node: YAMLMap | YAMLSeq, layout: Layout): Separators {
  const start = startOf(node)
  const [first, second] = node.items
  const open = first === undefined ? '' : text.slice(start + 1, startOf(isMap(node) ? keyOf(first) : first))
  const lead = /\n([ \t]*)$/.exec(open)?.[1]
  if (lead !== undefined) {
    const line = text.slice(lineStart(text, start), start)
    const outer = /^[ \t]*/.exec(line)?.[0] ?? ''
    const step = lead.startsWith(outer) && lead.length > outer.length ? lead.slice(outer.length) : '  '
    return { between: `,${layout.newline}${lead}`, open, close: `${layout.newline}${outer}`, margin: { item: lead, step } }
  }
  const gap = second === undefined ? undefined : text.slice(endOf(first), startOf(isMap(node) ? keyOf(second) : second))
  const between = gap !== undefined && /^, *$/.test(gap) ? gap : layout.compact ? ',' : ', '
  return { between, open, close: '', margin: undefined }
}

function keyOf(pair: unknown): unknown {
  return typeof pair === 'object' && pair !== null && 'key' in pair ? pair.key : undefined
}

/** Prints a value in flow style: as JSON in a JSON document, as YAML elsewhere. */
export function printFlow(value: unknown, layout: Layout, margin: Separators['margin'], padded = false): string {
  if (!layout.json) {
    const options = { ...yamlOptions, lineWidth: 0, collectionStyle: 'flow', flowCollectionPadding: padded, blockQuote: false } as const
    return stringify(value, options).trimEnd()
  }
  if (margin === undefined) return printLine(value, layout)
  const printed = JSON.stringify(value, rawNumber, margin.step)
  return printed.replaceAll('\n', `${layout.newline}${margin.item}`)
}

/** JSON on one line. */
function printLine(value: unknown, layout: Layout): string {
  const space = layout.compact ? '' : ' '
  if (Array.isArray(value)) return `[${value.map((each) => printLine(each, layout)).join(`,${space}`)}]`
  if (typeof value !== 'object' || value === null) return JSON.stringify(value, rawNumber)
  const pairs = Object.entries(value).map(([key, each]) => `${JSON.stringify(key)}:${space}${printLine(each, layout)}`)
  return `{${pairs.join(`,${space}`)}}`
}

/** Lets whole numbers through that are too large to be exact as a number. */
export function rawNumber(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? JSON.rawJSON(String(value)) : value
}
