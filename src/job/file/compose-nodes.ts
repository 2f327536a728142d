import { type Document, type DocumentOptions, isAlias, isMap, isNode, isPair, isScalar, isSeq, type Node, type Pair, type ParseOptions, Scalar, type SchemaOptions, visit, type YAMLMap } from 'yaml'

/** How files of Compose are read and written again: scalars stay the text that they are, but for nothing at all. */
export const composeOptions: ParseOptions & DocumentOptions & SchemaOptions = {
  schema: 'failsafe',
  customTags: [
    {
      tag: 'tag:yaml.org,2002:null',
      default: true,
      test: /^(?:~|null|Null|NULL)?$/,
      identify: (value) => value === null,
      createNode: () => new Scalar(null),
      resolve: () => new Scalar(null),
      stringify: ({ source }) => source ?? '',
    },
  ],
  merge: false,
  uniqueKeys: false,
  prettyErrors: false,
  logLevel: 'silent',
}

/** The pair of a map that has this key. */
export function entryOf(map: unknown, key: string): Pair | undefined {
  return isMap(map) ? map.items.find((pair) => isScalar(pair.key) && pair.key.value === key) : undefined
}

/** The text of a scalar; undefined for anything else. */
export function textOf(node: unknown): string | undefined {
  return isScalar(node) && typeof node.value === 'string' ? node.value : undefined
}

/** Where a node or pair begins. */
export function startOf(node: unknown): number {
  if (isPair(node)) return startOf(node.key)
  return isNode(node) ? (node.range?.[0] ?? 0) : 0
}

/** The anchors of a document, by which its aliases are followed. */
export class Anchors {
  readonly #byName = new Map<string, Node[]>()

  constructor(document: Document) {
    visit(document, {
      Value: (_, node) => {
        if (node.anchor !== undefined) this.#byName.set(node.anchor, [...(this.#byName.get(node.anchor) ?? []), node])
      },
    })
  }

  /** What a node is, or what it is an alias of: the last one of this name before it. */
  follow(node: unknown): unknown {
    return isAlias(node) ? this.#byName.get(node.source)?.findLast((each) => startOf(each) < startOf(node)) : node
  }

  /** A map, and those that are merged into it, the nearer ones first. */
  layersOf(node: unknown): readonly YAMLMap[] {
    const map = this.follow(node)
    if (!isMap(map)) return []
    return [map, ...map.items.filter(isMerge).flatMap(({ value }) => this.#mergedBy(value).flatMap((each) => this.layersOf(each)))]
  }

  /** The pairs of a map, and of those that are merged into it. */
  pairsOf(node: unknown): readonly Pair[] {
    return this.layersOf(node).flatMap((map) => map.items.filter((pair) => !isMerge(pair)))
  }

  /** The same value without aliases and merge keys; what is shared is copied. */
  expand(node: unknown): unknown {
    const target = this.follow(node)
    if (isSeq(target)) {
      const copy = isAlias(node) ? target.clone() : target
      if (!isSeq(copy)) return copy
      copy.items = copy.items.map((item) => this.expand(item))
      delete copy.anchor
      return copy
    }
    if (isMap(target)) {
      const copy = isAlias(node) ? target.clone() : target
      if (isMap(copy)) this.#expandMap(copy)
      return copy
    }
    const copy = isAlias(node) && isScalar(target) ? target.clone() : target
    if (isScalar(copy)) delete copy.anchor
    return copy
  }

  #expandMap(map: YAMLMap): void {
    const merged = map.items.filter(isMerge).flatMap(({ value }) => this.#mergedBy(value))
    map.items = map.items.filter((pair) => !isMerge(pair))
    for (const pair of map.items) pair.value = this.expand(pair.value)
    for (const each of merged) {
      const source = this.expand(isNode(each) ? each.clone() : each)
      for (const pair of isMap(source) ? source.items : []) {
        const name = textOf(pair.key)
        if (name !== undefined && entryOf(map, name) === undefined) map.items.push(pair)
      }
    }
    delete map.anchor
  }

  #mergedBy(value: unknown): readonly unknown[] {
    const target = this.follow(value)
    return (isSeq(target) ? target.items : [target]).map((each) => this.follow(each))
  }
}

/** Whether an alias stands where its anchor is none any more, with what had it. */
export function hasLostAnchor(document: Document): boolean {
  const known = new Set<string>()
  let isLost = false
  visit(document, {
    Node: (_, node) => {
      if (isAlias(node)) isLost ||= !known.has(node.source)
      else if (node.anchor !== undefined) known.add(node.anchor)
    },
  })
  return isLost
}

/** Whether a pair merges maps into its own: `<<`. */
export function isMerge({ key }: Pair): boolean {
  return isScalar(key) && key.value === '<<' && (key.type === 'PLAIN' || key.type === undefined)
}
