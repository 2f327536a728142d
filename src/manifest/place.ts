import { isAlias, isMap, isNode, isSeq, type Node, type Pair, type YAMLMap, type YAMLSeq } from 'yaml'
import { isObject } from '../units/json.ts'
import { nameOf } from './source.ts'

/** One step of a JSON Pointer: a key, an index, or `-` for behind the last element. */
export type Step = string | number

/** A place in a document's text, as far as the steps to it can be followed. */
export interface Place {
  readonly kind:
    /** All steps lead to text of its own. */
    | 'own'
    /** All steps but the last do; there is nothing in the data, either. */
    | 'missing'
    /** At `depth`, an alias stands for what the steps lead to. */
    | 'alias'
    /** At `depth`, a merge key brings what the steps lead to. */
    | 'merged'
  /** How many steps were followed. */
  readonly depth: number
  /** The list or map in which the last followed step is taken. */
  readonly parent: YAMLMap | YAMLSeq
  /** The pair of the parent, where it is a map that has one. */
  readonly pair: Pair | undefined
  /** The element of the parent, where it is a list. */
  readonly index: number | undefined
  /** What stands there. */
  readonly node: Node | undefined
  /** What the parent itself is the value of. */
  readonly outer: Pair | undefined
  /** The first node on the way, the place included, that has an anchor. */
  readonly anchored: Node | undefined
}

/**
 * Follows steps through the nodes of a document.
 *
 * @param data the document's data, merge keys and aliases resolved.
 */
export function follow(root: YAMLMap, data: unknown, steps: readonly Step[]): Place {
  let parent: YAMLMap | YAMLSeq = root
  let value = data
  let anchored: Node | undefined = root.anchor === undefined ? undefined : root
  let outer: Pair | undefined
  for (const [at, step] of steps.entries()) {
    const depth = at + 1
    const pair: Pair | undefined = isMap(parent) ? parent.items.find((each) => nameOf(each) === String(step)) : undefined
    const index = isSeq(parent) && typeof step === 'number' ? step : undefined
    const element: unknown = isMap(parent) ? pair?.value : parent.items[index ?? -1]
    const node: Node | undefined = isNode(element) ? element : undefined
    value = isObject(value) || Array.isArray(value) ? Reflect.get(value, step) : undefined
    const place = { depth, parent, pair, index, node, outer }
    if (isMap(parent) && pair === undefined) return { ...place, kind: value === undefined ? 'missing' : 'merged', anchored }
    if (isSeq(parent) && node === undefined) return { ...place, kind: 'missing', anchored }
    if (isAlias(node)) return { ...place, kind: 'alias', anchored }
    if (node?.anchor !== undefined) anchored ??= node
    if (depth === steps.length) return { ...place, kind: 'own', anchored }
    if (!isMap(node) && !isSeq(node)) return { ...place, kind: 'missing', anchored }
    parent = node
    outer = pair
  }
  return { kind: 'own', depth: 0, parent: root, pair: undefined, index: undefined, node: root, outer: undefined, anchored }
}
