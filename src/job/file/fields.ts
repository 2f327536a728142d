import { closest } from '../../terminal/closest.ts'
import { describe, type FileEntry, type FileNode, isNull, quote } from './file-node.ts'
import { type KeyOf, knownNames, namesOf, type Section } from './keys.ts'
import { rejectedKeys } from './rejected-keys.ts'
import type { Scope } from './scope.ts'

/** The entries of a map whose keys are known. */
export interface Fields<S extends Section> {
  /** The offset of the map. */
  readonly at: number
  /** What stands under a key; a key without a value is reported, and counts as not there. */
  get(key: KeyOf<S>): FileEntry | undefined
  /** Whether it is there under any of its names, with a value or without one. */
  says(key: KeyOf<S>): boolean
  /** What stands under each of its names. */
  all(key: KeyOf<S>): readonly FileEntry[]
}

// Nobody misspells a word this long, and looking for what was meant takes the square of it.
const longestTypo = 64

/**
 * Reads a map, and reports each key that is not known in its place: with what was probably meant, or what to do instead.
 *
 * @param what names the place in messages.
 */
export function readFields<S extends Section>({ report }: Scope, node: FileNode, section: S, what: string): Fields<S> | undefined {
  if (node.kind !== 'map') {
    report.problem(node.at, `${what} must be a map, not ${describe(node)}`)
    return undefined
  }
  const known = knownNames(section)
  const found = new Map<string, FileEntry>()
  const said = new Set<string>()
  for (const entry of node.entries) {
    if (entry.key.startsWith('x-')) continue
    said.add(entry.key)
    if (!known.includes(entry.key)) report.problem(entry.at, unknownKey(entry.key, section, known), 'invalid-job', entry.key)
    else if (isNull(entry.value)) report.problem(entry.at, `${entry.key} has no value; take it out, or write one`)
    else found.set(entry.key, entry)
  }
  return {
    at: node.at,
    get: (key) => found.get(key),
    says: (key) => namesOf(section, key).some((name) => said.has(name)),
    all: (key) => namesOf(section, key).flatMap((name) => found.get(name) ?? []),
  }
}

function unknownKey(key: string, section: Section, known: readonly string[]): string {
  const rejected = rejectedKeys[section] ?? {}
  const hint = Object.hasOwn(rejected, key) ? rejected[key] : undefined
  if (hint !== undefined) return `${key} is not supported: ${hint}`
  const nearest = key.length > longestTypo ? undefined : closest(key, known)
  return `unknown key ${quote(key)}; ${nearest === undefined ? `known here are ${known.join(', ')}` : `did you mean ${nearest}?`}`
}

/** The items of a list; one value alone is reported. */
export function readItems({ report }: Scope, { key, value }: FileEntry): readonly FileNode[] {
  if (value.kind === 'list') return value.items
  report.problem(value.at, `${key} must be a list, not ${describe(value)}`)
  return []
}

/** Something that was written, where it was, and how it was called. */
export interface Said<T> {
  readonly value: T
  readonly at: number
  readonly name: string
  /** As it was written. */
  readonly written: string
}

/** The one thing that several keys say; where they do not, that is reported. */
export function agreed<T>({ report }: Scope, said: readonly Said<T>[], isSame: (left: T, right: T) => boolean = Object.is): T | undefined {
  const [first, ...others] = said
  if (first === undefined) return undefined
  for (const other of others) {
    if (!isSame(first.value, other.value)) report.problem(other.at, `${other.name} says ${other.written}, but ${first.name} says ${first.written}: they are the same, and must agree`)
  }
  return first.value
}
