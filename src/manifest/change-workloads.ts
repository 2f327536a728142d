import type { PatchOperation } from '../inject/patch.ts'
import { isSame } from '../units/json.ts'
import { ambiguousMerge, dataOf, isTooDense, type Manifest, readDocument } from './document.ts'
import type { TemplateText } from './edit-template.ts'
import { Editor } from './editor.ts'
import { layoutOf } from './layout.ts'
import { patched, valueAt } from './patch-data.ts'
import { follow, type Step } from './place.ts'
import { lineOf, startOf } from './source.ts'
import { largestDocument } from './split.ts'
import { applySplices, type Splice } from './splice.ts'
import { UneditableError } from './uneditable.ts'
import { isOfInterest, type Workload, workloadsIn } from './workloads.ts'

/** What became of one document. */
export interface Changed<T> {
  readonly kind: 'empty' | 'manifest' | 'unreadable'
  /** The text, changed where it could be. */
  readonly text: string
  readonly workloads: readonly ChangedWorkload<T>[]
  /** What could not be done; what each is about passes unchanged. */
  readonly faults: readonly Remark[]
  /** What may be worth a look. */
  readonly notes: readonly Remark[]
}

/** A workload, and what was done with it. */
export interface ChangedWorkload<T> {
  readonly workload: Workload
  /** In the text of the document, from 1. */
  readonly line: number
  readonly isChanged: boolean
  /** Whether one of the faults is about it. */
  readonly hasFault: boolean
  readonly result: T
}

/** Something to be said about a line of a document, counted from 1. */
export interface Remark {
  readonly line: number
  readonly text: string
  /** Of a note: whether it is mostly as it should be. */
  readonly isUsual?: boolean
}

/** What is to be done with a workload. */
export interface Change<T> {
  readonly result: T
  /** Edits the text, and returns the patch that the edits come to. Absent: nothing is to be changed. */
  readonly edit?: (editor: Editor) => readonly PatchOperation[]
  /** Why nothing can be done. */
  readonly fault?: string
  readonly notes?: readonly string[]
}

/** Says what is to be done with one workload. */
export type ChangeWorkload<T> = (template: TemplateText, workload: Workload) => Change<T>

/**
 * Changes the workloads of one document by edits of its text, and checks that the text then says what the patches
 * say. What cannot be done passes unchanged, with a fault. Never throws.
 *
 * @param changes ways to change a workload: each is tried where the one before did not pass that check.
 */
export function changeWorkloads<T>(text: string, ...changes: readonly ChangeWorkload<T>[]): Changed<T> {
  try {
    return change(text, changes)
  } catch (error) {
    const fault = { line: 1, text: `usher failed, and it passes unchanged; please report this: ${messageOf(error)}` }
    return { kind: 'unreadable', text, workloads: [], faults: [fault], notes: [] }
  }
}

function change<T>(text: string, changes: readonly ChangeWorkload<T>[]): Changed<T> {
  const mark = text.startsWith('\u{FEFF}') ? '\u{FEFF}' : ''
  const reading = readDocument(text.slice(mark.length))
  const unchanged = { text, workloads: [], faults: [], notes: [] }
  if (reading.kind === 'empty') return { ...unchanged, kind: 'empty' }
  if (reading.kind === 'unreadable') return { ...unchanged, kind: 'unreadable', faults: [{ line: lineOf(text, reading.fault.offset), text: reading.fault.reason }] }

  const { manifest } = reading
  if (!isOfInterest(manifest.root.get('apiVersion'), manifest.root.get('kind'))) return { ...unchanged, kind: 'manifest' }
  const ambiguous = ambiguousMerge(manifest)
  if (ambiguous !== undefined) return { ...unchanged, kind: 'manifest', faults: [{ line: lineOf(text, ambiguous.offset), text: ambiguous.reason }] }
  let attempt: Attempt<T> | undefined
  let failure: string | undefined
  for (const way of changes) {
    const data = readData(manifest)
    if (typeof data === 'string') return { ...unchanged, kind: 'unreadable', faults: [{ line: 1, text: data }] }
    attempt = changeManifest(manifest, data, way)
    failure = failureOf(attempt)
    if (failure === undefined) return { ...attempt, kind: 'manifest', text: mark + attempt.text }
  }
  const { workloads = [], faults = [], notes = [] } = attempt ?? {}
  const fault = { line: 1, text: failure ?? '' }
  return { kind: 'manifest', text, workloads: untouched(workloads), faults: [...faults, fault], notes }
}

function untouched<T>(workloads: readonly ChangedWorkload<T>[]): readonly ChangedWorkload<T>[] {
  return workloads.map((each) => ({ ...each, isChanged: false, hasFault: each.hasFault || each.isChanged }))
}

/** The data of a document, or why it has none. */
function readData(manifest: Manifest): object | string {
  try {
    return dataOf(manifest)
  } catch (error) {
    const message = messageOf(error)
    return message.startsWith('Maximum call stack') ? 'an alias in it leads to itself' : `it cannot be read: ${message}`
  }
}

interface Attempt<T> extends Omit<Changed<T>, 'kind'> {
  /** The data that the text must have; undefined where it was not changed. */
  readonly wanted: unknown
}

/** @param data of the document; it is changed as the text is to be. */
function changeManifest<T>(
  manifest: Manifest,
  data: object,
  way: ChangeWorkload<T>,
): Attempt<T> {
  const layout = layoutOf(manifest)
  const workloads: ChangedWorkload<T>[] = []
  const faults: Remark[] = []
  const notes: Remark[] = []
  const splices: Splice[] = []
  let wanted: unknown = data
  for (const found of workloadsIn(data)) {
    const line = lineAt(manifest, data, found.at)
    if ('text' in found) {
      const { text, isUsual = false } = found
      notes.push({ line, text, isUsual })
      continue
    }
    const base = [...found.at, ...found.template]
    const { result, edit, fault, notes: more = [] } = way({ manifest, data, base }, found)
    const faultsBefore = faults.length
    if (fault !== undefined) faults.push({ line, text: fault })
    for (const text of more) notes.push({ line, text })
    let patch: readonly PatchOperation[] = []
    try {
      const editor = new Editor(manifest, layout)
      patch = edit?.(editor) ?? []
      splices.push(...editor.finish())
    } catch (error) {
      if (!(error instanceof UneditableError)) throw error
      faults.push({ line: manifest.lineOf(error.offset), text: `${found.kind} ${found.name} passes unchanged: ${error.message}` })
    }
    const isChanged = patch.length > 0
    if (isChanged) wanted = withReplaced(wanted, base, patched(valueAt(data, base), patch))
    workloads.push({ workload: found, line, isChanged, hasFault: faults.length > faultsBefore, result })
  }
  const isChanged = splices.length > 0
  return { text: applySplices(manifest.text, splices), wanted: isChanged ? wanted : undefined, workloads, faults, notes }
}

/** Puts a value at the end of some steps, in place: a List may hold thousands of objects. */
function withReplaced(whole: unknown, steps: readonly Step[], value: unknown): unknown {
  const last = steps.at(-1)
  if (last === undefined) return value
  const outer = valueAt(whole, steps.slice(0, -1))
  if (typeof outer === 'object' && outer !== null) Reflect.set(outer, last, value)
  return whole
}

/** Why the text, read anew, is not to be used; undefined where it says what it must. */
function failureOf({ text, wanted }: Attempt<unknown>): string | undefined {
  if (wanted === undefined) return undefined
  // What is written must be what can be read again, by this check and by the next command.
  if (sizeOf(text) > largestDocument || isTooDense(text)) {
    return 'with its workloads changed it would be too large to be read again, and all passes unchanged; divide it'
  }
  const reading = readDocument(text)
  if (reading.kind === 'manifest' && isSame(dataOf(reading.manifest), wanted)) return undefined
  return 'the edit did not pass its own check, and all passes unchanged; please report this'
}

/** The size of a text in bytes of UTF-8. */
function sizeOf(text: string): number {
  // No character takes more than three bytes for each of its units.
  return 3 * text.length <= largestDocument ? text.length : new TextEncoder().encode(text).length
}

function lineAt(manifest: Manifest, data: unknown, at: readonly Step[]): number {
  return manifest.lineOf(startOf(follow(manifest.root, data, at).node ?? manifest.root))
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
