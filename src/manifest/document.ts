import { type Document, isMap, isScalar, parseDocument, type SchemaOptions, visit, type YAMLMap } from 'yaml'
import { copyOf } from '../units/json.ts'
import { scalarTags } from './scalar-tags.ts'

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
}

/** Why a document, or a part of it, cannot be dealt with. */
export interface Fault {
  /** Where in the text of the document. */
  readonly offset: number
  readonly reason: string
}

/** How Kubernetes reads and this program writes YAML. */
export const yamlOptions: SchemaOptions = {
  schema: 'failsafe',
  customTags: [...scalarTags],
  merge: true,
  // What other parsers may take for something else than a string is quoted.
  compat: 'yaml-1.1',
}

/** Reads one document. */
export function readDocument(text: string): Reading {
  const document = parseDocument(text, { ...yamlOptions, keepSourceTokens: true, prettyErrors: false, logLevel: 'silent' })
  const template = firstTemplate(text, document)
  if (template !== undefined) return { kind: 'unreadable', fault: { offset: template, reason: templateReason } }
  const [error] = document.errors
  if (error !== undefined) {
    return { kind: 'unreadable', fault: { offset: error.pos[0], reason: explain(error.code, error.message) } }
  }
  const alias = danglingAlias(text, document)
  if (alias !== undefined) return { kind: 'unreadable', fault: alias }
  const { contents } = document
  if (contents === null || (isScalar(contents) && contents.value === null)) return { kind: 'empty' }
  if (isMap(contents)) return { kind: 'manifest', manifest: { text, document, root: contents } }
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

function explain(code: string, message: string): string {
  if (code === 'TAB_AS_INDENT') return 'a tab is used for indentation, which YAML does not allow'
  if (code === 'DUPLICATE_KEY') return 'a key stands twice in one map'
  const sentence = message.replace(/ at line \d+, column \d+:?[^]*$/, '')
  return `it is not YAML: ${sentence}`
}

// What the API server's own parser does not take for an attack is far below that.
const mostAliases = 100

/**
 * The data of a document, as the API server would get them; nothing in it is shared.
 *
 * @throws where aliases grow beyond all bounds, or a merge key merges what is no map.
 */
export function dataOf(manifest: Manifest): unknown {
  return copyOf(manifest.document.toJS({ maxAliasCount: mostAliases }))
}
