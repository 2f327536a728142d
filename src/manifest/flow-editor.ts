import type { YAMLMap, YAMLSeq } from 'yaml'
import { flowStyleOf } from './layout.ts'
import { type FlowStyle, printFlow, printFlowKey } from './print.ts'
import { endOf, startOf, startOfItem, withBreaksOf } from './source.ts'
import { UneditableError } from './uneditable.ts'

/** Takes an edit of the text. */
export type AddSplice = (start: number, end: number, text: string, depth: number) => void

/** Adds items to lists and maps in flow style, and cuts them out. */
export class FlowEditor {
  readonly #text: string
  readonly #hasCrlf: boolean
  readonly #splice: AddSplice
  readonly #additions = new Map<YAMLMap | YAMLSeq, { readonly items: string[]; readonly depth: number }>()

  constructor(text: string, hasCrlf: boolean, splice: AddSplice) {
    this.#text = text
    this.#hasCrlf = hasCrlf
    this.#splice = splice
  }

  /** @param before the index of the pair before which it comes; undefined: at the end. */
  addPair(map: YAMLMap, key: string, value: unknown, before: number | undefined, depth: number): void {
    const style = flowStyleOf(this.#text, map)
    this.#add(map, printFlowKey(key, style) + printFlow(value, style), before, depth)
  }

  addItem(list: YAMLSeq, value: unknown, at: 0 | '-', depth: number): void {
    this.#add(list, printFlow(value, flowStyleOf(this.#text, list)), at === 0 ? 0 : undefined, depth)
  }

  #add(node: YAMLMap | YAMLSeq, item: string, before: number | undefined, depth: number): void {
    const open = this.#text[startOf(node)]
    if (open !== '{' && open !== '[') throw new UneditableError(startOf(node), 'it is a pair in a list without braces around it')
    if (before === undefined) {
      const addition = this.#additions.get(node) ?? { items: [], depth }
      this.#additions.set(node, addition)
      addition.items.push(item)
      return
    }
    const at = startOfItem(node.items[before])
    this.#splice(at, at, withBreaksOf(this.#text, item + separatorOf(flowStyleOf(this.#text, node)), at, this.#hasCrlf), depth)
  }

  /** Makes the additions at the ends of lists and maps, each of which several may meet at. */
  finish(): void {
    for (const [node, { items, depth }] of this.#additions) {
      const style = flowStyleOf(this.#text, node)
      const separator = separatorOf(style)
      const added = items.join(separator)
      const end = endOf(node.items.at(-1))
      // A comment behind the last item stays there.
      const rest = style.margin === undefined ? null : /^([ \t]*,)?[ \t]+#[^\n]*?(?=\r?\n)/.exec(this.#text.slice(end))
      if (style.margin === undefined || rest === null) {
        this.#splice(end, end, withBreaksOf(this.#text, separator + added, end, this.#hasCrlf), depth)
        continue
      }
      const [comment, comma] = rest
      const line = end + comment.length
      if (comma === undefined) this.#splice(end, end, ',', depth)
      this.#splice(line, line, withBreaksOf(this.#text, `\n${style.margin.item}${added}${comma === undefined ? '' : ','}`, line, this.#hasCrlf), depth)
    }
    this.#additions.clear()
  }

  /** Cuts items out, as if they had been added: those at the end with what separates them from the one before. */
  cut(node: YAMLMap | YAMLSeq, at: ReadonlySet<number>, depth: number): void {
    const { items } = node
    let tail = items.length
    while (tail > 0 && at.has(tail - 1)) tail--
    for (const index of at) {
      if (index >= tail) continue
      this.#splice(startOfItem(items[index]), startOfItem(items[index + 1]), '', depth)
    }
    if (tail === items.length) return
    const start = startOfItem(items[tail])
    const before = endOf(items[tail - 1])
    const line = before + this.#text.slice(before, start).lastIndexOf('\n') + 1
    const end = endOf(items.at(-1))
    const comma = /^[ \t]*,/.exec(this.#text.slice(before, line))
    if (line <= before || comma === null || !/^[ \t]*$/.test(this.#text.slice(line, start))) {
      this.#splice(before, end, '', depth)
      return
    }
    // On a line of its own: a comment behind the item before stays.
    const lineBreak = this.#text[line - 2] === '\r' ? line - 2 : line - 1
    const ownComma = /^[ \t]*,/.exec(this.#text.slice(end))
    if (ownComma === null) this.#splice(before, before + comma[0].length, '', depth)
    this.#splice(lineBreak, end + (ownComma?.[0].length ?? 0), '', depth)
  }
}

function separatorOf({ between, margin }: FlowStyle): string {
  return margin === undefined ? between : `,\n${margin.item}`
}
