import { type Document, isAlias, isMap, isNode, isScalar, isSeq, Lexer, LineCounter, type Node, parseAllDocuments, type Scalar, visit, type YAMLMap } from 'yaml'
import { type FileEntry, type FileNode, isNull, type MapNode, quote } from './file-node.ts'
import { Report } from './report.ts'

/** A file as far as it could be read: what of its documents is not YAML is in the report alone. */
export interface ParsedFile {
  readonly report: Report
  /** Those that hold something. */
  readonly documents: readonly FileNode[]
}

// Nobody writes a job this long.
const largestFile = 1_048_576
// What is parsed takes the same memory for a digit as for a page of text, about a kilobyte. A long job has some thousands.
const mostTokens = 100_000
// What aliases lead to counts each time: a few lines of them can come to billions.
const mostValues = 200_000
const deepest = 100

/** Reads the YAML of a file. Never throws, and takes a bounded time and memory. */
export function parseFile(whole: string, file: string): ParsedFile {
  const text = withoutMark(whole)
  const lineCounter = new LineCounter()
  const report = new Report(file, lineCounter)
  if (text.length > largestFile) {
    report.problem(0, `it is larger than ${largestFile / 1_048_576} MiB, which is no job file`)
    return { report, documents: [] }
  }
  if (text.includes('\0')) {
    report.problem(0, 'it is not text, or not UTF-8')
    return { report, documents: [] }
  }
  if (isTooDense(text)) {
    report.problem(0, 'it holds more values than a job file can have')
    return { report, documents: [] }
  }
  const documents = parseYaml(text, lineCounter)
  if (documents === undefined) {
    report.problem(0, tooDeep)
    return { report, documents: [] }
  }
  const converter = new Converter(report)
  return { report, documents: documents.flatMap((document) => converter.convert(document)) }
}

/** The text without a byte order mark, which would move the first line by one column. */
export function withoutMark(text: string): string {
  return text.replace(/^\u{FEFF}/u, '')
}

const tooDeep = `it is nested deeper than ${deepest} levels`

function isTooDense(text: string): boolean {
  if (text.length < mostTokens) return false
  let tokens = 0
  for (const _ of new Lexer().lex(text)) {
    if (++tokens > mostTokens) return true
  }
  return false
}

function parseYaml(text: string, lineCounter: LineCounter): readonly Document[] | undefined {
  try {
    // Every scalar stays text, so that it can be shown as it was written. Keys are looked after below: the parser's own
    // check takes the square of a map's size.
    const documents = parseAllDocuments(text, { schema: 'failsafe', merge: false, uniqueKeys: false, lineCounter, prettyErrors: false, logLevel: 'silent' })
    return [...documents]
  } catch (error) {
    if (error instanceof RangeError) return undefined
    throw error
  }
}

class Converter {
  readonly #report: Report
  #values = 0
  #sizes = new Map<FileNode, number>()
  #anchors = new Map<string, FileNode | 'open'>()
  // Something of the document could not be followed, so that it would be taken for missing.
  #isBroken = false
  #isFull = false

  constructor(report: Report) {
    this.#report = report
  }

  /** The value of a document; none where it is empty, or where something in it cannot be read. */
  convert({ contents, errors }: Document): readonly FileNode[] {
    const [error] = errors
    if (error !== undefined) {
      this.#report.problem(openQuote(contents, error) ?? error.pos[0], explain(error))
      return []
    }
    if (contents === null) return []
    this.#anchors = new Map()
    this.#isBroken = false
    const node = this.#node(contents, 0)
    this.#sizes = new Map()
    return node === undefined || this.#isBroken || isNull(node) ? [] : [node]
  }

  #node(node: unknown, depth: number): FileNode | undefined {
    if (isAlias(node)) return this.#alias(node.source, startOf(node))
    if (!isScalar(node) && !isMap(node) && !isSeq(node)) return undefined
    const at = startOf(node)
    if (depth > deepest) return this.#break(at, tooDeep)
    if (node.tag !== undefined && !plainTags.has(node.tag)) return this.#break(at, `the tag ${node.tag} is not known here`)
    const { anchor } = node
    if (anchor !== undefined) this.#anchors.set(anchor, 'open')
    const before = this.#values
    if (++this.#values > mostValues) return this.#tooMany(at)
    const made = this.#plain(node, at, depth)
    if (made === undefined) return undefined
    if (anchor !== undefined) {
      this.#anchors.set(anchor, made)
      this.#sizes.set(made, this.#values - before)
    }
    return made
  }

  #plain(node: Node, at: number, depth: number): FileNode | undefined {
    if (isScalar(node)) return { kind: 'scalar', text: String(node.value), isPlain: isPlain(node), at }
    if (isMap(node)) return this.#map(node, at, depth)
    if (!isSeq(node)) return undefined
    const items = node.items.flatMap((item) => this.#node(item, depth + 1) ?? [])
    return { kind: 'list', items, at }
  }

  #map(map: YAMLMap, at: number, depth: number): MapNode {
    const own = new Map<string, FileEntry>()
    const merged: FileEntry[] = []
    for (const { key, value } of map.items) {
      if (!isScalar(key)) {
        this.#fault(startOf(key) || at, 'a key must be a word')
        continue
      }
      const [name, keyAt] = [String(key.value), startOf(key)]
      const node: FileNode | undefined = value === null ? { kind: 'scalar', text: '', isPlain: true, at: keyAt } : this.#node(value, depth + 1)
      if (node === undefined) continue
      if (name === '<<' && isPlain(key)) merged.push(...this.#merged(node, keyAt))
      else if (own.has(name)) this.#fault(keyAt, `the key ${quote(name)} stands twice in one map`)
      else own.set(name, { key: name, at: keyAt, value: node })
    }
    for (const entry of merged) if (!own.has(entry.key)) own.set(entry.key, entry)
    return { kind: 'map', entries: [...own.values()], at }
  }

  /** What a merge key brings: of a map, or of several, of which the first that has a key counts. */
  #merged(node: FileNode, at: number): readonly FileEntry[] {
    const maps = node.kind === 'list' ? node.items : [node]
    return maps.flatMap((map) => (map.kind === 'map' ? map.entries : (this.#fault(at, 'a merge key takes a map, or a list of maps') ?? [])))
  }

  #alias(source: string, at: number): FileNode | undefined {
    const target = this.#anchors.get(source)
    if (target === undefined) return this.#break(at, `the alias *${source} has no anchor before it`)
    if (target === 'open') return this.#break(at, `the alias *${source} stands within what it is an alias of`)
    this.#values += this.#sizes.get(target) ?? 1
    return this.#values > mostValues ? this.#tooMany(at) : target
  }

  #tooMany(at: number): undefined {
    // Once: each further alias is too many as well.
    if (this.#isFull) return undefined
    this.#isFull = true
    return this.#break(at, `with what its aliases lead to, it comes to more than ${mostValues} values`)
  }

  #break(at: number, message: string): undefined {
    this.#isBroken = true
    this.#report.problem(at, message)
  }

  #fault(at: number, message: string): undefined {
    this.#report.problem(at, message)
  }
}

// What a scalar, a map or a list is without a tag, too.
const plainTags: ReadonlySet<string> = new Set(['!', 'tag:yaml.org,2002:str', 'tag:yaml.org,2002:map', 'tag:yaml.org,2002:seq'])

function isPlain({ type, tag }: Scalar): boolean {
  return tag === undefined && (type === 'PLAIN' || type === undefined)
}

function startOf(node: unknown): number {
  return isScalar(node) || isMap(node) || isSeq(node) || isAlias(node) ? (node.range?.[0] ?? 0) : 0
}

/** Where the quote stands that is not closed: the parser tells the end of the file. */
function openQuote(contents: unknown, { code, pos: [end] }: { readonly code: string; readonly pos: readonly [number, number] }): number | undefined {
  let open: number | undefined
  if (code !== 'MISSING_CHAR' || !isNode(contents)) return open
  visit(contents, {
    Scalar: (_, { type, range }) => {
      if ((type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE') && range && range[0] < end && range[1] >= end) open = range[0]
    },
  })
  return open
}

function explain({ code, message }: { readonly code: string; readonly message: string }): string {
  if (code === 'TAB_AS_INDENT') return 'a tab is used for indentation, which YAML does not allow'
  if (message.startsWith('Maximum call stack')) return tooDeep
  const [, flow] = /^Flow (map|sequence) in block collection must/.exec(message) ?? []
  if (flow !== undefined) return `it is not YAML: a ${flow === 'map' ? '{' : '['} is not closed, or goes on at too small an indentation`
  if (/^Missing closing ["']quote/.test(message)) return `it is not YAML: the quote ${message.charAt(16)} is not closed`
  return `it is not YAML: ${message.replace(/ at line \d+, column \d+:?[^]*$/, '')}`
}
