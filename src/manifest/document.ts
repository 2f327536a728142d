import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type ParseOptions,
  type SchemaOptions,
  visit,
  type YAMLMap,
  type YAMLParseError,
} from 'yaml'
import { copyOf, isObject, type JsonObject } from '../units/json.ts'
import { scalarTags } from './scalar-tags.ts'
import { endsOpen, lastScalar, lineEnd, lineStart, nameOf, startOf } from './source.ts'

/** How one document of a stream of manifests was read. */
export type Reading =
  /** Nothing but white space and comments. */
  | { readonly kind: 'empty' }
  | { readonly kind: 'manifest'; readonly manifest: Manifest }
  | { readonly kind: 'unreadable'; readonly fault: Fault }

/** A document that holds a map. */
export interface Manifest {
  readonly text: string
  readonly document: Document.Parsed
  readonly root: YAMLMap
  /** The number of the line of a position in the text, from 1. */
  lineOf(offset: number): number
}

/** Why a document, or a part of it, cannot be dealt with. */
export interface Fault {
  /** Where in the text of the document. */
  readonly offset: number
  readonly reason: string
}

/** How Kubernetes reads and this program writes YAML. */
export const yamlOptions: SchemaOptions & ParseOptions = {
  schema: 'failsafe',
  customTags: [...scalarTags],
  merge: true,
  // Looked after here.
  uniqueKeys: false,
  // What other parsers may take for something else than a string is quoted.
  compat: 'yaml-1.1',
}

/** Reads one document. */
export function readDocument(text: string): Reading {
  const mark = text.indexOf('\n\u{FEFF}')
  if (mark >= 0 || text.startsWith('\u{FEFF}')) {
    return { kind: 'unreadable', fault: { offset: mark + 1, reason: 'a byte order mark stands within the stream; take it out' } }
  }
  if (text.includes('\0')) return { kind: 'unreadable', fault: { offset: text.indexOf('\0'), reason: 'it is not text, or not UTF-8' } }
  if (isTooDense(text)) return { kind: 'unreadable', fault: { offset: 0, reason: 'it holds too many values to be read at once' } }
  const lineCounter = new LineCounter()
  const document = parseDocument(text, { ...yamlOptions, lineCounter, keepSourceTokens: true, prettyErrors: false, logLevel: 'silent' })
  const template = firstTemplate(text, document)
  if (template !== undefined) return { kind: 'unreadable', fault: { offset: template, reason: templateReason } }
  const [error] = document.errors
  if (error !== undefined) return { kind: 'unreadable', fault: explain(text, document, error) }
  const fault = repeatedKey(document) ?? danglingAlias(text, document)
  if (fault !== undefined) return { kind: 'unreadable', fault }
  const { contents } = document
  if (contents === null || (isScalar(contents) && contents.value === null)) return { kind: 'empty' }
  takeOffBreak(text, contents)
  if (isMap(contents)) return { kind: 'manifest', manifest: { text, document, root: contents, lineOf: (offset) => lineCounter.linePos(offset).line } }
  const reason = 'it is not a manifest: a map with apiVersion and kind is expected'
  return { kind: 'unreadable', fault: { offset: contents.range[0], reason } }
}

const templateReason = 'it holds a template that is not rendered ({{ … }}); render it first'

/**
 * Where a template begins: a line with `{{` in what is no YAML, or `{{` where YAML takes it for a map whose key
 * is a map. Inside of strings and comments it is none of our business.
 */
function firstTemplate(text: string, document: Document.Parsed): number | undefined {
  if (!text.includes('{{')) return undefined
  if (document.errors.length > 0) {
    const line = /^[^#\n]*\{\{/m.exec(text)
    return line === null ? undefined : line.index + line[0].length - 2
  }
  let found: number | undefined
  visit(document, {
    Map(_, map) {
      if (map.flow !== true || !map.items.some(({ key }) => isMap(key))) return undefined
      found = map.range?.[0]
      return visit.BREAK
    },
  })
  return found
}

/**
 * A block scalar whose last line is not ended has no line break at its end to go-yaml, unlike to YAML 1.2.2
 * (8.1.1.2) and to this parser.
 */
function takeOffBreak(text: string, contents: Node): void {
  if (!endsOpen(text, contents)) return
  const scalar = lastScalar(contents)
  if (typeof scalar?.value === 'string') scalar.value = scalar.value.replace(/\n$/, '')
}

// What the parser holds for a token is the same for a digit as for a page of text, so that the size of a text tells
// little. A document of four megabytes that is about something has a million or two.
const mostTokens = 2_500_000
const neverDense = 1_048_576

/** Whether a document holds more than can be read at once in a bounded memory. */
export function isTooDense(text: string): boolean {
  if (text.length < neverDense) return false
  let tokens = 0
  for (const _ of new Lexer().lex(text)) {
    if (++tokens > mostTokens) return true
  }
  return false
}

/** A key that stands twice in one map. The parser's own check takes the square of a map's size. */
function repeatedKey(document: Document.Parsed): Fault | undefined {
  let fault: Fault | undefined
  visit(document, {
    Map(_, { items }) {
      const seen = new Set<string>()
      for (const pair of items) {
        const name = nameOf(pair)
        if (name !== undefined && seen.size === seen.add(name).size) {
          fault = { offset: startOf(pair.key), reason: 'a key stands twice in one map' }
          return visit.BREAK
        }
      }
      return undefined
    },
  })
  return fault
}

/** An alias to an anchor that is not there, which the parser leaves to whoever follows it. */
function danglingAlias(text: string, document: Document.Parsed): Fault | undefined {
  if (!text.includes('*')) return undefined
  const anchors = new Set<string>()
  let fault: Fault | undefined
  visit(document, {
    Alias(_, { source, range }) {
      if (anchors.has(source)) return undefined
      fault = { offset: range?.[0] ?? 0, reason: `the alias *${source} has no anchor before it` }
      return visit.BREAK
    },
    Value(_, { anchor }) {
      if (anchor !== undefined) anchors.add(anchor)
    },
  })
  return fault
}

function explain(text: string, document: Document.Parsed, { code, message, pos }: YAMLParseError): Fault {
  const [offset] = pos
  const line = text.slice(lineStart(text, offset), lineEnd(text, offset))
  if (code === 'TAB_AS_INDENT' || (code === 'BAD_INDENT' && /^ *\t/.test(line))) {
    return { offset, reason: 'a tab is used for indentation, which YAML does not allow' }
  }
  if (message.startsWith('Maximum call stack')) return { offset: 0, reason: 'it is nested too deep to be read' }
  if (message.startsWith('Missing closing ')) return { offset: lastQuote(document) ?? offset, reason: 'a quote is not closed, or goes on at too small an indentation' }
  return { offset, reason: `it is neither YAML nor JSON: ${message.replace(/ at line \d+, column \d+:?[^]*$/, '')}` }
}

/** Where the last quoted scalar starts: one that is not closed takes all that follows. */
function lastQuote(document: Document.Parsed): number | undefined {
  let found: number | undefined
  visit(document, {
    Scalar(_, { type, range }) {
      if (type === 'QUOTE_DOUBLE' || type === 'QUOTE_SINGLE') found = range?.[0]
    },
  })
  return found
}

/**
 * A merge key behind a key that it brings, too. To go-yaml 2, which kubectl and the API server use, the merge key
 * counts then; to later parsers, the map's own key. Undefined where there is none.
 */
export function ambiguousMerge({ text, document }: Manifest): Fault | undefined {
  if (!text.includes('<<')) return undefined
  let fault: Fault | undefined
  visit(document, {
    Map(_, map) {
      const at = map.items.findIndex(isMerge)
      const merged = new Set(at < 0 ? [] : keysOf(map.items[at]?.value, document))
      const own = map.items.slice(0, Math.max(at, 0)).find((pair) => merged.has(nameOf(pair)))
      if (own === undefined) return undefined
      const reason = `a merge key stands behind the key ${nameOf(own)}, which it brings, too, and tools do not agree on which counts; put the merge key first`
      fault = { offset: startOf(own.key), reason }
      return visit.BREAK
    },
  })
  return fault
}

function isMerge({ key }: Pair): boolean {
  return isScalar(key) && typeof key.value === 'symbol'
}

/** The keys of what a merge key merges. */
function keysOf(value: unknown, document: Document.Parsed): readonly (string | undefined)[] {
  const source = isAlias(value) ? value.resolve(document) : value
  if (isSeq(source)) return source.items.flatMap((each) => keysOf(each, document))
  if (!isMap(source)) return []
  return source.items.flatMap((pair) => (isMerge(pair) ? keysOf(pair.value, document) : [nameOf(pair)]))
}

/** The text of a document without what stands around it, such as comments and markers. */
export function objectText({ text, root }: Manifest): string {
  return text.slice(root.range?.[0], root.range?.[1])
}

/** Whether a text is a JSON object; YAML in flow style may look like one. */
export function isJson(text: string): boolean {
  if (!/^\s*\{/.test(text)) return false
  try {
    JSON.parse(text.replace('\u{FEFF}', ''))
    return true
  } catch {
    return false
  }
}

// What the API server's own parser does not take for an attack is far below that.
const mostAliases = 100

/**
 * The data of a document, as the API server would get them; nothing in it is shared.
 *
 * @throws where aliases grow beyond all bounds, or a merge key merges what is no map.
 */
export function dataOf(manifest: Manifest): JsonObject {
  const data = copyOf(manifest.document.toJS({ maxAliasCount: mostAliases }))
  return isObject(data) ? data : {}
}
