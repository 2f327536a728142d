import { isMap, isScalar, isSeq, type Pair, type YAMLMap, type YAMLSeq } from 'yaml'
import type { Manifest } from './document.ts'
import { FlowEditor } from './flow-editor.ts'
import { dashSpacesOf, flowStyleOf, type Layout, plainFlow } from './layout.ts'
import type { Place } from './place.ts'
import {
  isFilled,
  printBlock,
  printFlow,
  printFlowScalar,
  printItem,
  printScalar,
  type Quotes,
  quotesOf,
  stepTo,
} from './print.ts'
import {
  afterColon,
  behindComments,
  columnOf,
  dashOf,
  endOf,
  endsOpen,
  isBlock,
  lineEnd,
  lineStart,
  nameOf,
  nextLine,
  startOf,
  startOfItem,
  withBreaksOf,
} from './source.ts'
import type { Splice } from './splice.ts'
import { UneditableError } from './uneditable.ts'

/** Turns changes of a document's data into splices of its text. Every other byte stays where it is. */
export class Editor {
  readonly #text: string
  readonly #layout: Layout
  readonly #flow: FlowEditor
  readonly #splices: Splice[] = []
  /** Of each list and map: the indexes of what goes, what the list or map is the value of, and how deep it is. */
  readonly #removals = new Map<YAMLMap | YAMLSeq, { readonly at: Set<number>; readonly outer: Pair | undefined; readonly depth: number }>()

  constructor({ text }: Manifest, layout: Layout) {
    this.#text = text
    this.#layout = layout
    this.#flow = new FlowEditor(text, layout.hasCrlf, (start, end, inserted, depth) => this.#splice(start, end, inserted, depth))
  }

  /** Puts a value where there is one already. */
  set(place: Place, value: unknown): void {
    const { parent, pair, node, depth } = place
    if (pair === undefined) this.#setItem(place, value)
    else if (parent.flow === true) this.#setInFlow(place, pair, value)
    else if (isBlock(node)) this.#replaceBlock(pair, node, value, depth)
    else if (isFilled(value) && (isMap(node) || isSeq(node)) && node.items.length > 0) {
      this.#splice(startOf(node), endOf(node), printFlow(value, flowStyleOf(this.#text, node)), depth)
    } else if (isFilled(value)) {
      const end = this.#endOfValue(pair)
      this.#splice(this.#colonOf(pair), end, '', depth)
      // Deeper than the pair itself: what follows the pair comes behind its value.
      this.#insertLines(lineEnd(this.#text, end), this.#blockOf(value, pair), depth + 1)
    } else {
      const text = this.#scalarText(place, value)
      if (this.#changesInPlace(place, pair, value)) this.#splice(startOf(node), this.#endOfValue(pair), text, depth)
      else this.#splice(this.#colonOf(pair), this.#endOfValue(pair), ` ${text}`, depth)
    }
  }

  /** Puts text where a value stands, as {@link textOf} had given it. */
  restore({ pair, node, depth }: Place, text: string): void {
    if (pair === undefined) {
      this.#splice(startOf(node), endOf(node), text, depth)
      return
    }
    const whole = text === '' || /^\s/.test(text)
    const colon = this.#colonOf(pair)
    if (isBlock(node)) {
      this.#cutLines(lineStart(this.#text, startOf(node)), nextLine(this.#text, node), depth)
      this.#splice(colon, colon, whole ? text : ` ${text}`, depth)
    } else if (whole || startOf(node) === endOf(node)) this.#splice(colon, this.#endOfValue(pair), whole ? text : ` ${text}`, depth)
    else this.#splice(startOf(node), this.#endOfValue(pair), text, depth)
  }

  /**
   * How the value of a place is written, before `next` is {@link set}; from behind the colon, where it is not that
   * value's own text alone that changes. {@link restore} takes it.
   */
  textOf(place: Place, next: unknown): string {
    const { pair, node } = place
    if (pair === undefined) return this.#text.slice(startOf(node), endOf(node))
    const start = this.#changesInPlace(place, pair, next) ? startOf(node) : this.#colonOf(pair)
    return this.#text.slice(start, this.#endOfValue(pair))
  }

  /** As {@link textOf}, of what would stand there if the value were {@link set} again after `next`. */
  textAgain(place: Place, value: unknown, next: unknown): string {
    const { pair, parent } = place
    const quotes = isFilled(next) ? undefined : quotesOf(this.#scalarText(place, next))
    const text = this.#writeScalar(parent, value, quotes)
    return pair === undefined || this.#changesInPlace(place, pair, next) ? text : ` ${text}`
  }

  /** Adds a pair at the end of a map; a pod's metadata before its spec. */
  addPair(map: YAMLMap, key: string, value: unknown, depth: number): void {
    const spec = key === 'metadata' ? map.items.findIndex((pair) => nameOf(pair) === 'spec') : -1
    if (map.flow === true) {
      this.#flow.addPair(map, key, value, spec < 0 ? undefined : spec, depth)
      return
    }
    const column = columnOf(this.#text, startOf(map))
    const lines = printBlock({ [key]: value }, column, this.#layout)
    const last = map.items.at(-1)
    if (spec >= 0) this.#insertBefore(map.items[spec]?.key, column, lines, depth)
    else if (!endsOpen(this.#text, last)) {
      this.#insertLines(behindComments(this.#text, nextLine(this.#text, last), column, dashesOf(this.#text, last)), lines, depth)
    } else {
      // A line break behind the last value would become part of it; and before a merge key, ours would be overwritten.
      if (last !== undefined && nameOf(last) === undefined) throw endsOpenError(last)
      this.#insertBefore(last?.key, column, lines, depth)
    }
  }

  /** Adds an element to a list that has some. */
  addItem(list: YAMLSeq, at: 0 | '-', value: unknown, outer: Pair | undefined, depth: number): void {
    if (list.flow === true) {
      this.#flow.addItem(list, value, at, depth)
      return
    }
    const dash = this.#dashOf(list, 0)
    const column = columnOf(this.#text, dash)
    const layout = { ...this.#layout, dashSpaces: dashSpacesOf(this.#text, list) }
    const lines = ' '.repeat(column) + printItem(value, column, layout)
    if (at === 0) {
      const before = lineEnd(this.#text, outer === undefined ? dash : this.#colonOf(outer))
      this.#insertLines(before, lines, depth)
    } else if (endsOpen(this.#text, list)) throw endsOpenError(list)
    else this.#insertLines(behindComments(this.#text, nextLine(this.#text, list), column, undefined), lines, depth)
  }

  /** Removes what stands at a place: a pair of a map, or an element of a list. */
  remove({ parent, pair, index, outer, depth }: Place): void {
    const removal = this.#removals.get(parent) ?? { at: new Set(), outer, depth }
    this.#removals.set(parent, removal)
    removal.at.add(pair === undefined ? (index ?? 0) : parent.items.indexOf(pair))
  }

  /** All edits, as splices of the text. */
  finish(): readonly Splice[] {
    for (const [parent, { at, outer, depth }] of this.#removals) {
      if (at.size === parent.items.length) this.#empty(parent, outer, depth)
      else if (parent.flow === true) this.#flow.cut(parent, at, depth)
      else for (const index of at) this.#cutFromBlock(parent, index, depth)
    }
    this.#removals.clear()
    this.#flow.finish()
    return this.#splices
  }

  /** Takes all out of a list or map, which stays. */
  #empty(parent: YAMLMap | YAMLSeq, outer: Pair | undefined, depth: number): void {
    const nothing = isMap(parent) ? '{}' : '[]'
    if (parent.flow === true) this.#splice(startOf(parent), endOf(parent), nothing, depth)
    else if (outer === undefined) throw new UneditableError(startOf(parent), 'nothing would be left of an element')
    else this.#replaceBlock(outer, parent, isMap(parent) ? {} : [], depth)
  }

  #cutFromBlock(parent: YAMLMap | YAMLSeq, at: number, depth: number): void {
    const item = parent.items[at]
    const start = isSeq(parent) ? this.#dashOf(parent, at) : startOfItem(item)
    const line = lineStart(this.#text, start)
    if (/^ *$/.test(this.#text.slice(line, start))) this.#cutLines(line, nextLine(this.#text, item), depth)
    // The first key of a list's element stands behind the dash.
    else this.#splice(start, startOfItem(parent.items[at + 1]), '', depth)
  }

  /** Sets an element of a list; an alias in a block list becomes a block where nothing follows it on its line. */
  #setItem({ parent, node, depth }: Place, value: unknown): void {
    const [start, end] = [startOf(node), endOf(node)]
    const isAlone = /^[ \t]*$/.test(this.#text.slice(end, lineEnd(this.#text, end)).trimEnd())
    const column = columnOf(this.#text, start)
    const lines = parent.flow !== true && isAlone && isFilled(value) ? printBlock(value, column, this.#layout) : undefined
    const last = lines?.split('\n').at(-2) ?? ''
    // A literal block scalar at the end would have to end with its line.
    const fits = lines !== undefined && !lines.includes('|\n') && last !== ''
    const text = fits ? withBreaksOf(this.#text, lines.slice(column, -1), start, this.#layout.hasCrlf) : printFlow(value, flowStyleOf(this.#text, parent))
    this.#splice(start, end, text, depth)
  }

  #setInFlow(place: Place, pair: Pair, value: unknown): void {
    const { parent, node, depth } = place
    if (startOf(node) === endOf(node) && isScalar(node) && node.tag !== undefined) {
      throw new UneditableError(startOf(node), 'a tag stands there without a value')
    }
    const text = isFilled(value) ? withBreaksOf(this.#text, printFlow(value, flowStyleOf(this.#text, parent)), startOf(parent), this.#layout.hasCrlf) : this.#scalarText(place, value)
    if (startOf(node) < endOf(node)) this.#splice(startOf(node), endOf(node), text, depth)
    else this.#splice(this.#colonOf(pair), this.#endOfValue(pair), ` ${text}`, depth)
  }

  /** A scalar, or an empty list or map, as it is written in a place; a string keeps the quotes of what stands there. */
  #scalarText({ parent, node }: Place, value: unknown): string {
    return this.#writeScalar(parent, value, isScalar(node) ? quotesOf(this.#text.slice(startOf(node), endOf(node))) : undefined)
  }

  #writeScalar(parent: YAMLMap | YAMLSeq, value: unknown, quotes: Quotes): string {
    const { quoted } = parent.flow === true ? flowStyleOf(this.#text, parent) : plainFlow
    if (typeof value === 'string' && !quoted && (quotes !== undefined || parent.flow !== true)) return printScalar(value, quotes)
    return printFlowScalar(value, quoted)
  }

  /** Whether only the text of a value itself changes, and not what is between it and its key. */
  #changesInPlace({ parent, node }: Place, pair: Pair, next: unknown): boolean {
    if (startOf(node) === endOf(node)) return false
    const gap = this.#text.slice(this.#colonOf(pair), startOf(node))
    return /^[ \t]*$/.test(gap) && (parent.flow === true || (isScalar(node) && !isFilled(next)))
  }

  /** Replaces a list or map in block style. */
  #replaceBlock(pair: Pair, node: YAMLMap | YAMLSeq, value: unknown, depth: number): void {
    const start = lineStart(this.#text, startOf(node))
    const end = nextLine(this.#text, node)
    if (isFilled(value)) {
      const lines = withBreaksOf(this.#text, this.#blockOf(value, pair), start, this.#layout.hasCrlf)
      this.#splice(start, end, this.#text[end - 1] === '\n' ? lines : withoutBreak(lines), depth)
      return
    }
    this.#cutLines(start, end, depth)
    this.#splice(this.#colonOf(pair), this.#colonOf(pair), ` ${printScalar(value, undefined)}`, depth)
  }

  #blockOf(value: object, pair: Pair): string {
    return printBlock(value, columnOf(this.#text, startOf(pair.key)) + stepTo(value, this.#layout), this.#layout)
  }

  /** Inserts lines before the line of a key, and before the comments that belong to it. */
  #insertBefore(key: unknown, column: number, lines: string, depth: number): void {
    let start = lineStart(this.#text, startOf(key))
    if (!/^ *$/.test(this.#text.slice(start, startOf(key)))) throw endsOpenError(key)
    for (;;) {
      const above = lineStart(this.#text, start - 1)
      const line = this.#text.slice(above, start)
      if (start === 0 || !line.startsWith(`${' '.repeat(column)}#`)) break
      start = above
    }
    this.#insertLines(start, lines, depth)
  }

  /** Inserts lines where a line starts, or behind the last line where that is not ended. */
  #insertLines(at: number, lines: string, depth: number): void {
    const isOpen = at === this.#text.length && !this.#text.endsWith('\n')
    this.#splice(at, at, withBreaksOf(this.#text, isOpen ? `\n${withoutBreak(lines)}` : lines, at, this.#layout.hasCrlf), depth)
  }

  #cutLines(start: number, end: number, depth: number): void {
    this.#splices.push({ start, end, text: '', depth, lines: true })
  }

  #splice(start: number, end: number, text: string, depth: number): void {
    this.#splices.push({ start, end, text, depth, lines: false })
  }

  #colonOf(pair: Pair): number {
    const colon = afterColon(this.#text, pair)
    if (colon === undefined) throw new UneditableError(startOf(pair.key), 'its key is not written on one line with its colon')
    return colon
  }

  #dashOf(list: YAMLSeq, index: number): number {
    const dash = dashOf(list, index)
    if (dash === undefined) throw new UneditableError(startOf(list), 'its list is not written with a dash for each element')
    return dash
  }

  /** Where a value ends, without white space behind it; the line break after a block scalar is left to its line. */
  #endOfValue(pair: Pair): number {
    const colon = this.#colonOf(pair)
    const { value } = pair
    // Nothing at all, and not even a tag.
    if (startOf(value) === endOf(value) && !(isScalar(value) && value.tag !== undefined)) return colon
    const end = endOf(value)
    if (this.#text[end - 1] === '\n') return this.#text[end - 2] === '\r' ? end - 2 : end - 1
    return colon + this.#text.slice(colon, end).trimEnd().length
  }
}

function withoutBreak(lines: string): string {
  return lines.replace(/\n$/, '')
}

/** The column of the dashes, where a pair's value is a block list. */
function dashesOf(text: string, pair: Pair | undefined): number | undefined {
  const list = pair?.value
  const dash = isSeq(list) ? dashOf(list, 0) : undefined
  return dash === undefined ? undefined : columnOf(text, dash)
}

function endsOpenError(node: unknown): UneditableError {
  return new UneditableError(startOfItem(node), 'its last line cannot be ended without a change of its meaning')
}
