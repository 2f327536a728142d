import { isMap, isScalar, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml'
import type { Manifest } from './document.ts'
import type { Layout } from './layout.ts'
import type { Place } from './place.ts'
import { printBlock, printFlow, printScalar, type Quotes, quotesOf, separatorsOf } from './print.ts'
import {
  afterColon,
  columnOf,
  dashOf,
  endOf,
  endsOpen,
  isBlock,
  lineEnd,
  lineStart,
  nextLine,
  startOf,
} from './source.ts'
import type { Splice } from './splice.ts'

/** A place that is written in a way that no edit here can be sure of. */
export class UneditableError extends Error {
  override readonly name = 'UneditableError'
  readonly offset: number
  constructor(offset: number, reason: string) {
    super(reason)
    this.offset = offset
  }
}

/** Turns changes of a document's data into splices of its text. Every other byte stays where it is. */
export class Editor {
  readonly #text: string
  readonly #layout: Layout
  readonly #splices: Splice[] = []
  /** Of each list and map: the indexes of what goes, what the list or map is the value of, and how deep it is. */
  readonly #removals = new Map<YAMLMap | YAMLSeq, { readonly at: Set<number>; readonly outer: Pair | undefined; readonly depth: number }>()

  constructor({ text }: Manifest, layout: Layout) {
    this.#text = text
    this.#layout = layout
  }

  /** Puts a value where there is one already. */
  set(place: Place, value: unknown): void {
    const { parent, pair, node, depth } = place
    if (pair === undefined || parent.flow === true) {
      this.#setInFlow(place, value)
      return
    }
    if (isBlock(node)) {
      this.#replaceBlock(pair, node, value, depth)
      return
    }
    const colon = this.#colonOf(pair)
    const end = this.#endOfValue(pair)
    const isInline = isScalar(node) && /^[ \t]+$/.test(this.#text.slice(colon, startOf(node))) && end === endOf(node)
    if (!isFilled(value)) {
      const text = this.#scalarText(place, value)
      this.#splice(isInline ? startOf(node) : colon, end, isInline ? text : ` ${text}`, depth)
    } else if ((isMap(node) || isSeq(node)) && node.items.length > 0) {
      this.#splice(startOf(node), endOf(node), this.#flow(value, node), depth)
    } else {
      this.#splice(colon, end, '', depth)
      // Deeper than the pair itself: what follows the pair comes behind its value.
      this.#insertLines(lineEnd(this.#text, end), this.#blockOf(value, pair), depth + 1)
    }
  }

  /** Puts text where a value stands, as {@link textOf} had given it. */
  restore(place: Place, text: string): void {
    const { pair, node, depth } = place
    if (pair === undefined) {
      this.#splice(startOf(node), endOf(node), text, depth)
      return
    }
    const whole = text === '' || /^\s/.test(text)
    if (isBlock(node)) {
      this.#cutLines(lineStart(this.#text, startOf(node)), nextLine(this.#text, node), depth)
      this.#splice(this.#colonOf(pair), this.#colonOf(pair), whole ? text : ` ${text}`, depth)
    } else if (whole || startOf(node) === endOf(node)) {
      this.#splice(this.#colonOf(pair), this.#endOfValue(pair), whole ? text : ` ${text}`, depth)
    } else {
      this.#splice(startOf(node), this.#endOfValue(pair), text, depth)
    }
  }

  /**
   * How the value of a place is written, before `next` is {@link set}; from behind the colon, where it is not that
   * value's own text alone that changes. {@link restore} takes it.
   */
  textOf({ parent, pair, node }: Place, next: unknown): string {
    if (pair === undefined) return this.#text.slice(startOf(node), endOf(node))
    const colon = this.#colonOf(pair)
    const end = this.#endOfValue(pair)
    return this.#changesInPlace(parent, pair, node, next) ? this.#text.slice(startOf(node), end) : this.#text.slice(colon, end)
  }

  /** As {@link textOf}, of what would stand there if the value were {@link set} again after `next`. */
  textAgain(place: Place, value: unknown, next: unknown): string {
    const { parent, pair, node } = place
    if (isFilled(next)) {
      const text = printFlow(value, this.#layout, undefined)
      return pair === undefined || parent.flow === true ? text : ` ${text}`
    }
    const text = this.#writeScalar(value, quotesOf(this.#scalarText(place, next)), parent.flow === true)
    return pair === undefined || this.#changesInPlace(parent, pair, node, next) ? text : ` ${text}`
  }

  #changesInPlace(parent: YAMLMap | YAMLSeq, pair: Pair, node: Node | undefined, next: unknown): boolean {
    if (startOf(node) === endOf(node)) return false
    const gap = this.#text.slice(this.#colonOf(pair), startOf(node))
    return /^[ \t]*$/.test(gap) && (parent.flow === true || (isScalar(node) && !isFilled(next)))
  }

  /** Adds a pair at the end of a map. */
  addPair(map: YAMLMap, key: string, value: unknown, depth: number): void {
    if (map.flow === true) {
      const separators = separatorsOf(this.#text, map, this.#layout)
      const pair = `${this.#flowKey(key)}:${this.#layout.compact ? '' : ' '}${printFlow(value, this.#layout, separators.margin, this.#isPadded(map))}`
      this.#addToFlow(map, pair, '-', depth)
      return
    }
    const column = columnOf(this.#text, startOf(map))
    const lines = printBlock({ [key]: value }, column, this.#layout)
    const last = map.items.at(-1)
    if (!endsOpen(this.#text, last)) {
      this.#insertLines(nextLine(this.#text, last), lines, depth)
      return
    }
    // A line break behind the last value would become part of it.
    const start = lineStart(this.#text, startOf(last?.key))
    if (startOf(last?.key) - start !== column || !/^ *$/.test(this.#text.slice(start, startOf(last?.key)))) {
      throw new UneditableError(start, 'its last line cannot be ended without a change of its meaning')
    }
    this.#splice(start, start, lines, depth)
  }

  /** Adds an element to a list that has some. */
  addItem(list: YAMLSeq, at: 0 | '-', value: unknown, outer: Pair | undefined, depth: number): void {
    if (list.flow === true) {
      const { margin } = separatorsOf(this.#text, list, this.#layout)
      this.#addToFlow(list, printFlow(value, this.#layout, margin, this.#isPadded(list)), at, depth)
      return
    }
    const dash = this.#dashOf(list, 0)
    const column = columnOf(this.#text, dash)
    const content = startOf(list.items[0])
    const pad = content < lineEnd(this.#text, dash) ? content - dash - 1 : 1
    const lines = printBlock(value, column + 1 + pad, this.#layout)
    const item = `${' '.repeat(column)}-${lines.slice(column + 1)}`
    if (at === 0) {
      const colon = outer === undefined ? dash : this.#colonOf(outer)
      this.#splice(lineEnd(this.#text, colon), lineEnd(this.#text, colon), item, depth)
      return
    }
    if (endsOpen(this.#text, list)) {
      throw new UneditableError(dash, 'its last line cannot be ended without a change of its meaning')
    }
    this.#insertLines(nextLine(this.#text, list), item, depth)
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
      else if (parent.flow === true) this.#cutFromFlow(parent, at, depth)
      else for (const index of at) this.#cutFromBlock(parent, index, depth)
    }
    this.#removals.clear()
    return this.#splices
  }

  /** Takes all out of a list or map, which stays. */
  #empty(parent: YAMLMap | YAMLSeq, outer: Pair | undefined, depth: number): void {
    const nothing = isMap(parent) ? '{}' : '[]'
    if (parent.flow === true) {
      this.#splice(startOf(parent), endOf(parent), nothing, depth)
      return
    }
    if (outer === undefined) throw new UneditableError(startOf(parent), 'nothing would be left of an element')
    this.#cutLines(lineStart(this.#text, startOf(parent)), nextLine(this.#text, parent), depth)
    this.#splice(this.#colonOf(outer), this.#colonOf(outer), ` ${nothing}`, depth)
  }

  /** Cuts items out with the separator before them; at the beginning, with the one behind them. */
  #cutFromFlow(parent: YAMLMap | YAMLSeq, at: ReadonlySet<number>, depth: number): void {
    let kept: unknown
    for (const [index, item] of parent.items.entries()) {
      if (!at.has(index)) kept = item
      else if (kept !== undefined) this.#splice(endOf(parent.items[index - 1]), endOf(item), '', depth)
      else this.#splice(startOfItem(item), startOfItem(parent.items[index + 1]), '', depth)
    }
  }

  #cutFromBlock(parent: YAMLMap | YAMLSeq, at: number, depth: number): void {
    const item = parent.items[at]
    const start = isSeq(parent) ? this.#dashOf(parent, at) : startOfItem(item)
    const line = lineStart(this.#text, start)
    if (/^ *$/.test(this.#text.slice(line, start))) this.#cutLines(line, nextLine(this.#text, item), depth)
    // The first key of a list's element stands behind the dash.
    else this.#splice(start, startOfItem(parent.items[at + 1]), '', depth)
  }

  #setInFlow(place: Place, value: unknown): void {
    const { parent, pair, node, depth } = place
    const { margin } = parent.flow === true ? separatorsOf(this.#text, parent, this.#layout) : { margin: undefined }
    const text = isFilled(value) ? printFlow(value, this.#layout, margin, this.#isPadded(parent)) : this.#scalarText(place, value)
    if (startOf(node) < endOf(node) || pair === undefined) this.#splice(startOf(node), endOf(node), text, depth)
    else this.#splice(this.#colonOf(pair), Math.max(this.#colonOf(pair), endOf(node)), ` ${text}`, depth)
  }

  /** A scalar, or an empty list or map, as it is written in a place; a string keeps the quotes of what stands there. */
  #scalarText({ parent, node }: Place, value: unknown): string {
    const quotes = isScalar(node) ? quotesOf(this.#text.slice(startOf(node), endOf(node))) : undefined
    return this.#writeScalar(value, quotes, parent.flow === true)
  }

  #writeScalar(value: unknown, quotes: Quotes, inFlow: boolean): string {
    if (typeof value === 'string' && !this.#layout.json && (quotes !== undefined || !inFlow)) return printScalar(value, quotes)
    return printFlow(value, this.#layout, undefined)
  }

  /** Replaces a list or map in block style. */
  #replaceBlock(pair: Pair, node: YAMLMap | YAMLSeq, value: unknown, depth: number): void {
    const start = lineStart(this.#text, startOf(node))
    const end = nextLine(this.#text, node)
    if (!isFilled(value)) {
      this.#cutLines(start, end, depth)
      this.#splice(this.#colonOf(pair), this.#colonOf(pair), ` ${printFlow(value, this.#layout, undefined)}`, depth)
      return
    }
    const lines = this.#blockOf(value, pair)
    const open = this.#text[end - 1] === '\n' ? lines : withoutBreak(lines)
    this.#splice(start, end, open, depth)
  }

  #blockOf(value: unknown, pair: Pair): string {
    const { indent, indentsLists } = this.#layout
    const column = columnOf(this.#text, startOf(pair.key))
    return printBlock(value, column + (Array.isArray(value) && !indentsLists ? 0 : indent), this.#layout)
  }

  #flow(value: unknown, node: YAMLMap | YAMLSeq): string {
    return printFlow(value, this.#layout, undefined, this.#isPadded(node))
  }

  #addToFlow(node: YAMLMap | YAMLSeq, item: string, at: 0 | '-', depth: number): void {
    const { between } = separatorsOf(this.#text, node, this.#layout)
    const [first] = node.items
    const last = node.items.at(-1)
    if (first === undefined) throw new UneditableError(startOf(node), 'nothing is in it that shows how to add to it')
    if (at === 0) this.#splice(startOfItem(first), startOfItem(first), item + between, depth)
    else this.#splice(endOf(last), endOf(last), between + item, depth)
  }

  #flowKey(key: string): string {
    return this.#layout.json ? JSON.stringify(key) : printFlow(key, this.#layout, undefined)
  }

  #isPadded(node: YAMLMap | YAMLSeq): boolean {
    return node.flow === true && this.#text[startOf(node) + 1] === ' '
  }

  /** Inserts lines where a line starts, or behind the last line where that is not ended. */
  #insertLines(at: number, lines: string, depth: number): void {
    const isOpen = at === this.#text.length && !this.#text.endsWith('\n')
    this.#splice(at, at, isOpen ? this.#layout.newline + withoutBreak(lines) : lines, depth)
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

  /** Where a value ends; the line break after a block scalar is left to its line. */
  #endOfValue(pair: Pair): number {
    if (startOf(pair.value) === endOf(pair.value)) return this.#colonOf(pair)
    const end = endOf(pair.value)
    if (this.#text[end - 1] !== '\n') return end
    return this.#text[end - 2] === '\r' ? end - 2 : end - 1
  }
}

function startOfItem(item: unknown): number {
  return typeof item === 'object' && item !== null && 'key' in item ? startOf(item.key) : startOf(item)
}

function withoutBreak(lines: string): string {
  return lines.replace(/\r?\n$/, '')
}

function isFilled(value: unknown): boolean {
  return typeof value === 'object' && value !== null && Object.keys(value).length > 0
}
