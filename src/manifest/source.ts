import { isCollection, isMap, isNode, isScalar, isSeq, type Pair, Scalar, type YAMLMap, type YAMLSeq } from 'yaml'

/** Where the line of a position starts. */
export function lineStart(text: string, offset: number): number {
  return text.lastIndexOf('\n', offset - 1) + 1
}

/** Where the next line starts; the end of the text where there is none. */
export function lineEnd(text: string, offset: number): number {
  const end = text.indexOf('\n', offset)
  return end < 0 ? text.length : end + 1
}

/** How far a position is from the start of its line. */
export function columnOf(text: string, offset: number): number {
  return offset - lineStart(text, offset)
}

/** The number of the line of a position, from 1. */
export function lineOf(text: string, offset: number): number {
  let line = 1
  for (let at = text.indexOf('\n'); at >= 0 && at < offset; at = text.indexOf('\n', at + 1)) line++
  return line
}

/** The key of a pair, as JSON has it; undefined for a merge key, and for keys that JSON cannot have. */
export function nameOf({ key }: Pair): string | undefined {
  return isScalar(key) && typeof key.value !== 'symbol' ? String(key.value) : undefined
}

/** Where a node starts, without its tag. */
export function startOf(node: unknown): number {
  return isNode(node) && node.range != null ? node.range[0] : 0
}

/** Where an item of a list or map starts: a node, or the key of a pair. */
export function startOfItem(item: unknown): number {
  return typeof item === 'object' && item !== null && 'key' in item ? startOf(item.key) : startOf(item)
}

/** Where the text of a node or a pair ends; the line break after a block scalar is part of it. */
export function endOf(node: unknown): number {
  if ((isMap(node) || isSeq(node)) && node.flow !== true && node.items.length > 0) return endOf(node.items.at(-1))
  if (isNode(node)) return node.range?.[1] ?? 0
  if (typeof node === 'object' && node !== null && 'key' in node && 'value' in node) {
    return Math.max(endOf(node.key), endOf(node.value))
  }
  return 0
}

/** Where the line after a node or a pair starts. */
export function nextLine(text: string, node: unknown): number {
  const end = endOf(node)
  return end > 0 && text[end - 1] === '\n' ? end : lineEnd(text, end)
}

/**
 * Where lines can be inserted at a column, from the start of a line on: behind the comments that belong to what is
 * before them, since they are indented deeper, or take one more element out of a list.
 *
 * @param dashes the column of that list's dashes.
 */
export function behindComments(text: string, from: number, column: number, dashes: number | undefined): number {
  let found = from
  let element: number | undefined
  for (let at = from; at < text.length; at = lineEnd(text, at)) {
    const line = text.slice(at, Math.min(at + longestIndent, lineEnd(text, at)))
    const comment = /^([ \t]*)#([ \t]*)(-[ \t])?/.exec(line)
    if (comment === null && line.trim() !== '') break
    if (comment === null) continue
    const [, { length: indent } = '', { length: inner } = '', dash] = comment
    if (indent === column && dashes === column && dash !== undefined) element = inner
    const isOfElement = indent === column && element !== undefined && (dash !== undefined || inner > element)
    if (indent <= column && !isOfElement) break
    found = lineEnd(text, at)
  }
  return found
}

// Nobody indents a comment further.
const longestIndent = 500

/**
 * What is to be inserted at a place, with line breaks as the text has them before it.
 *
 * @param hasCrlf whether the text has any that are not LF alone.
 */
export function withBreaksOf(text: string, inserted: string, at: number, hasCrlf: boolean): string {
  if (!hasCrlf) return inserted
  const before = text.lastIndexOf('\n', at - 1)
  const newline = before < 0 ? text.indexOf('\n') : before
  return newline > 0 && text[newline - 1] === '\r' ? inserted.replaceAll('\n', '\r\n') : inserted
}

/** Just behind the colon of a pair; undefined where it has none, or is written with a question mark. */
export function afterColon(text: string, { key }: Pair): number | undefined {
  const gap = /^[ \t]*:/.exec(text.slice(endOf(key), endOf(key) + 1_024))
  return gap === null ? undefined : endOf(key) + gap[0].length
}

/** Where the dash of an item of a block list is. */
export function dashOf(list: YAMLSeq, index: number): number | undefined {
  const token = list.srcToken
  if (token?.type !== 'block-seq') return undefined
  return token.items[index]?.start.find(({ type }) => type === 'seq-item-ind')?.offset
}

/** Whether a node is a list or a map in block style that has something in it. */
export function isBlock(node: unknown): node is YAMLMap | YAMLSeq {
  return isCollection(node) && node.flow !== true && node.items.length > 0
}

/** Whether the last line of a node would change its meaning if a line break came after it. */
export function endsOpen(text: string, node: unknown): boolean {
  const last = lastScalar(node)
  if (last === undefined || endOf(last) < text.length || text.endsWith('\n')) return false
  const header = text.slice(startOf(last), lineEnd(text, startOf(last)))
  return (last.type === Scalar.BLOCK_FOLDED || last.type === Scalar.BLOCK_LITERAL) && !/^[|>]\d?-/.test(header)
}

/** The scalar that a node ends with; undefined where it ends in flow style. */
export function lastScalar(node: unknown): Scalar | undefined {
  if (isScalar(node)) return node
  if (isBlock(node)) return lastScalar(node.items.at(-1))
  if (typeof node === 'object' && node !== null && 'key' in node && 'value' in node) return lastScalar(node.value)
  return undefined
}
