import type { PatchOperation } from '../inject/patch.ts'
import { isSame } from '../units/json.ts'
import { dataOf, type Manifest, readDocument } from './document.ts'
import type { TemplateText } from './edit-template.ts'
import { Editor, UneditableError } from './editor.ts'
import { layoutOf } from './layout.ts'
import { patched, valueAt, withValueAt } from './patch-data.ts'
import { follow, type Step } from './place.ts'
import { lineOf, startOf } from './source.ts'
import { applySplices, type Splice } from './splice.ts'
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

/**
 * Changes the workloads of one document by edits of its text, and checks that the text then says what the patches
 * say. What cannot be done passes unchanged, with a fault. Never throws.
 *
 * @param changes ways to change a workload: each is tried where the one before did not pass that check.
 */
export function changeWorkloads<T>(
  text: string,
  ...changes: readonly ((template: TemplateText, workload: Workload) => Change<T>)[]
): Changed<T> {
  const mark = text.startsWith('\u{FEFF}') ? '\u{FEFF}' : ''
  const reading = readDocument(text.slice(mark.length))
  const unchanged = { text, workloads: [], faults: [], notes: [] }
  if (reading.kind === 'empty') return { ...unchanged, kind: 'empty' }
  if (reading.kind === 'unreadable') return { ...unchanged, kind: 'unreadable', faults: [remark(text, reading.fault.offset, reading.fault.reason)] }

  const { manifest } = reading
  if (!isOfInterest(manifest.root.get('apiVersion'), manifest.root.get('kind'))) return { ...unchanged, kind: 'manifest' }
  let data: unknown
  try {
    data = dataOf(manifest)
  } catch (error) {
    const reason = `it cannot be read: ${error instanceof Error ? error.message : String(error)}`
    return { ...unchanged, kind: 'unreadable', faults: [{ line: 1, text: reason }] }
  }
  let attempt: Attempt<T> | undefined
  for (const change of changes) {
    attempt = changeManifest(manifest, data, change)
    if (passes(attempt)) return { ...attempt, kind: 'manifest', text: mark + attempt.text }
  }
  const { workloads = [], faults = [], notes = [] } = attempt ?? {}
  const untouched = workloads.map((each) => ({ ...each, isChanged: false, hasFault: each.hasFault || each.isChanged }))
  const fault = { line: 1, text: 'the edit did not pass its own check; please report this' }
  return { kind: 'manifest', text, workloads: untouched, faults: [...faults, fault], notes }
}

interface Attempt<T> extends Omit<Changed<T>, 'kind'> {
  /** The data that the text must have; undefined where it was not changed. */
  readonly wanted: unknown
}

function changeManifest<T>(
  manifest: Manifest,
  data: unknown,
  change: (template: TemplateText, workload: Workload) => Change<T>,
): Attempt<T> {
  const layout = layoutOf(manifest)
  const workloads: ChangedWorkload<T>[] = []
  const faults: Remark[] = []
  const notes: Remark[] = []
  const splices: Splice[] = []
  let wanted = data
  for (const found of workloadsIn(data)) {
    const line = lineAt(manifest, data, found.at)
    if ('text' in found) {
      notes.push({ line, text: found.text })
      continue
    }
    const base = [...found.at, ...found.template]
    const { result, edit, fault, notes: more = [] } = change({ manifest, data, base }, found)
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
      faults.push(remark(manifest.text, error.offset, `${found.kind} ${found.name} passes unchanged: ${error.message}`))
    }
    const isChanged = patch.length > 0
    if (isChanged) wanted = withValueAt(wanted, base, patched(valueAt(data, base), patch))
    workloads.push({ workload: found, line, isChanged, hasFault: faults.length > faultsBefore, result })
  }
  const isChanged = splices.length > 0
  return { text: applySplices(manifest.text, splices), wanted: isChanged ? wanted : undefined, workloads, faults, notes }
}

/** Whether the text says what it must, read anew. */
function passes({ text, wanted }: Attempt<unknown>): boolean {
  if (wanted === undefined) return true
  const reading = readDocument(text)
  return reading.kind === 'manifest' && isSame(dataOf(reading.manifest), wanted)
}

function lineAt({ text, root }: Manifest, data: unknown, at: readonly Step[]): number {
  return lineOf(text, startOf(follow(root, data, at).node ?? root))
}

function remark(text: string, offset: number, reason: string): Remark {
  return { line: lineOf(text, offset), text: reason }
}
