import { stringify } from 'yaml'
import { yamlOptions } from './document.ts'
import type { Layout } from './layout.ts'

/** How a string is quoted; undefined: only where it must be. */
export type Quotes = '"' | "'" | undefined

/** The quotes of a scalar as it stands in a text. */
export function quotesOf(scalar: string): Quotes {
  const [first] = scalar
  return first === '"' || first === "'" ? first : undefined
}

/** Prints a scalar, an empty list or an empty map for block YAML; a string with these quotes, where they can hold it. */
export function printScalar(value: unknown, quotes: Quotes): string {
  if (typeof value !== 'string') return stringify(value, scalarOptions).trimEnd()
  if (quotes === '"' || isOdd(value)) return escaped(value)
  if (quotes === "'") return `'${value.replaceAll("'", "''")}'`
  return stringify(value, scalarOptions).trimEnd()
}

const scalarOptions = { ...yamlOptions, lineWidth: 0, blockQuote: false } as const

/**
 * Prints a value as lines of block YAML, each indented by so many columns and ended. In the form that the YAML
 * library has for it, lists could not be laid out as their neighbours are.
 */
export function printBlock(value: unknown, column: number, layout: Layout): string {
  const margin = ' '.repeat(column)
  if (Array.isArray(value)) return value.map((item) => margin + printItem(item, column, layout)).join('')
  return Object.entries(Object(value))
    .map(([key, each]) => `${margin}${printScalar(key, undefined)}:${printValue(each, column, layout)}`)
    .join('')
}

/** Prints an element of a list from its dash on; the further lines are indented so that it can stand at a column. */
export function printItem(item: unknown, column: number, layout: Layout): string {
  const dash = `-${' '.repeat(layout.dashSpaces)}`
  if (!isFilled(item)) return `${dash}${printScalar(item, undefined)}\n`
  const inner = column + dash.length
  return dash + printBlock(item, inner, layout).slice(inner)
}

/** Prints what stands behind the colon of a key at a column. */
function printValue(value: unknown, column: number, layout: Layout): string {
  if (isFilled(value)) return `\n${printBlock(value, column + stepTo(value, layout), layout)}`
  const literal = typeof value === 'string' ? printLiteral(value, column + layout.indent) : undefined
  return ` ${literal ?? `${printScalar(value, undefined)}\n`}`
}

/** How much deeper than its key a list or map stands. */
export function stepTo(value: unknown, layout: Layout): number {
  return Array.isArray(value) ? layout.listIndent : layout.indent
}

/** A text of several plain lines as a literal block scalar; undefined for every other string. */
function printLiteral(value: string, column: number): string | undefined {
  const lines = value.split('\n')
  const isPlain = lines.length > 2 && lines.pop() === '' && lines.every((line) => /^$|^.*\S$/.test(line) && !/\t/.test(line) && !isOdd(line))
  if (!isPlain || !/^\S/.test(value)) return undefined
  const margin = ' '.repeat(column)
  return `|\n${lines.map((line) => (line === '' ? '\n' : `${margin}${line}\n`)).join('')}`
}

/** How lists and maps in flow style are written. */
export interface FlowStyle {
  /** Whether all keys and strings are quoted, as in JSON. */
  readonly quoted: boolean
  /** Whether a colon goes without a space behind it. */
  readonly compact: boolean
  /** Whether there is a space inside of brackets. */
  readonly padded: boolean
  /** What stands between two items on one line. */
  readonly between: string
  /** Of items on lines of their own: what is in front of each, and what deeper ones are indented by. */
  readonly margin: { readonly item: string; readonly step: string } | undefined
}

// Wider ones are broken into lines where their neighbours are.
const widestFlow = 100

/** Prints a value in flow style. */
export function printFlow(value: unknown, style: FlowStyle): string {
  const line = printLine(value, style)
  const { margin } = style
  if (margin === undefined || !isFilled(value) || (!style.quoted && line.length <= widestFlow)) return line
  const inner = { ...style, margin: { ...margin, item: margin.item + margin.step } }
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  const items = printItems(value, (each) => printFlow(each, inner), style)
  return `${open}\n${items.map((item) => inner.margin.item + item).join(',\n')}\n${margin.item}${close}`
}

function printLine(value: unknown, style: FlowStyle): string {
  if (!isFilled(value)) return printFlowScalar(value, style.quoted)
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}']
  const pad = style.padded ? ' ' : ''
  return `${open}${pad}${printItems(value, (each) => printLine(each, style), style).join(style.between)}${pad}${close}`
}

function printItems(value: object, print: (each: unknown) => string, style: FlowStyle): string[] {
  if (Array.isArray(value)) return value.map(print)
  return Object.entries(value).map(([key, each]) => printFlowKey(key, style) + print(each))
}

/** Prints a key in flow style, its colon included. */
export function printFlowKey(key: string, { quoted, compact }: FlowStyle): string {
  return `${printFlowScalar(key, quoted)}:${compact ? '' : ' '}`
}

/** Prints a scalar, an empty list or an empty map in flow style. */
export function printFlowScalar(value: unknown, quoted: boolean): string {
  if (typeof value === 'string' && (quoted || isOdd(value))) return escaped(value)
  if (quoted) return JSON.stringify(value, rawNumber)
  // Within a list, what would end a plain scalar there is quoted.
  return stringify([value], { ...scalarOptions, collectionStyle: 'flow', flowCollectionPadding: false }).trimEnd().slice(1, -1)
}

/**
 * Characters that are not printable in YAML 1.1 or 1.2, or that either takes for a line break, and tabs: parsers
 * do not agree on where these may stand.
 */
function isOdd(value: string): boolean {
  return /[^\u{20}-\u{7e}\u{a0}-\u{2027}\u{202a}-\u{d7ff}\u{e000}-\u{fefe}\u{ff00}-\u{fffd}\u{10000}-\u{10ffff}]/u.test(value)
}

/** In double quotes, as JSON and YAML read it; whatever is not to be seen is escaped. */
function escaped(value: string): string {
  return JSON.stringify(value).replaceAll(
    /[\u{7f}-\u{9f}\u{2028}\u{2029}\u{feff}\u{fffe}\u{ffff}]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** For `JSON.stringify`: lets whole numbers through that are too large to be exact as a number. */
export function rawNumber(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? JSON.rawJSON(String(value)) : value
}

/** Whether a value is a list or a map that has something in it. */
export function isFilled(value: unknown): value is object {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}

declare global {
  interface JSON {
    /** Of ECMAScript's proposal "JSON.parse source text access"; Node has it, TypeScript's types do not yet. */
    rawJSON(text: string): unknown
  }
}
