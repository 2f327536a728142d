import { isCollection, isMap, isSeq } from 'yaml'
import { statusKey } from '../inject/names.ts'
import { type PatchOperation, pointer } from '../inject/patch.ts'
import { revert } from '../inject/revert.ts'
import { readStatus, writeStatus } from '../inject/status.ts'
import { isObject, isSame, type Json, type JsonObject } from '../units/json.ts'
import type { Manifest } from './document.ts'
import type { Editor } from './editor.ts'
import { patched, stepsOf, valueAt, withValueAt } from './patch-data.ts'
import { follow, type Place, type Step } from './place.ts'
import { startOf } from './source.ts'
import { UneditableError } from './uneditable.ts'

/** A pod template in a document. */
export interface TemplateText {
  readonly manifest: Manifest
  /** The data of the document. */
  readonly data: unknown
  /** The steps to the template. */
  readonly base: readonly Step[]
}

/** One change of a template's text. */
export type Edit =
  /** Puts a value where there is one, or where an alias stands. */
  | { readonly kind: 'set'; readonly place: Place; readonly value: unknown }
  /** Adds a pair where there is none, or where a merge key brings it. */
  | { readonly kind: 'add'; readonly place: Place; readonly key: string; readonly value: unknown }
  /** Inserts an element into the list at the place. */
  | { readonly kind: 'insert'; readonly place: Place; readonly at: 0 | '-'; readonly value: unknown }
  | { readonly kind: 'remove'; readonly place: Place }

/**
 * Edits a template's text as a patch asks for.
 *
 * @returns the patch as it has become: where something is written in a way that its value does not tell, the
 *   status remembers the text.
 * @throws {UneditableError}
 */
export function patchTemplate(editor: Editor, template: TemplateText, patch: readonly PatchOperation[]): readonly PatchOperation[] {
  const edits = planEdits(template, patch)
  const text = unusualText(editor, template, patch, edits)
  if (Object.keys(text).length === 0) {
    performEdits(editor, edits)
    return patch
  }
  const complete = patch.map((operation) => withText(operation, text))
  performEdits(editor, planEdits(template, complete))
  return complete
}

function performEdits(editor: Editor, edits: ReadonlyMap<string, Edit>): void {
  for (const edit of edits.values()) performEdit(editor, edit)
}

/**
 * The edits that a patch comes to, by JSON Pointer from the pod; where an alias or a merge key stands for something,
 * one edit puts all of it there.
 *
 * @throws {UneditableError}
 */
export function planEdits(template: TemplateText, patch: readonly PatchOperation[]): ReadonlyMap<string, Edit> {
  const { data, base } = template
  const pod = valueAt(data, base)
  const patchedPod = patched(pod, patch)
  const after: ValueAt = (steps) =>
    steps.length < base.length
      ? valueAt(withValueAt(data, base, patchedPod), steps)
      : valueAt(patchedPod, steps.slice(base.length))
  const edits = new Map<string, Edit>()
  for (const operation of patch) {
    const steps = [...base, ...stepsOf(operation.path, pod)]
    const { edit, depth } = planEdit(template, after, operation, steps)
    const path = pointer(...steps.slice(base.length, depth))
    edits.set(edit.kind === 'insert' ? freeName(path, edits) : path, edit)
  }
  return edits
}

/** Several elements may come to the end of one list: the second one is `/spec/volumes/-2`. */
function freeName(path: string, edits: ReadonlyMap<string, Edit>): string {
  let name = path
  for (let number = 2; edits.has(name); number++) name = `${path}${number}`
  return name
}

/** What will be at the end of some steps. */
type ValueAt = (steps: readonly Step[]) => unknown

function planEdit(
  { manifest, data }: TemplateText,
  after: ValueAt,
  operation: PatchOperation,
  steps: readonly Step[],
): { readonly edit: Edit; readonly depth: number } {
  const isInsertion = operation.op === 'add' && Array.isArray(valueAt(data, steps.slice(0, -1)))
  const way = isInsertion ? steps.slice(0, -1) : steps
  const place = follow(manifest.root, data, way)
  const { kind, depth, anchored } = place
  if (anchored !== undefined) {
    throw new UneditableError(startOf(anchored), `the change is inside of what the anchor &${anchored.anchor} marks, which aliases share`)
  }
  if (kind === 'alias') return { edit: { kind: 'set', place, value: after(way.slice(0, depth)) }, depth }
  if (kind === 'merged') {
    return { edit: { kind: 'add', place, key: String(way[depth - 1]), value: after(way.slice(0, depth)) }, depth }
  }
  if (depth < way.length) {
    throw new UneditableError(startOf(place.node ?? place.parent), 'what would be changed is not where it is expected')
  }
  const list = isInsertion ? place.node : place.parent
  if ((kind === 'missing' || isInsertion) && isCollection(list) && list.items.length === 0) {
    // Nothing in it shows how to add to it: it is written anew as a whole.
    const whole = steps.slice(0, -1)
    const outer = follow(manifest.root, data, whole)
    return { edit: { kind: 'set', place: outer, value: after(whole) }, depth: whole.length }
  }
  if (isInsertion) {
    const value = 'value' in operation ? operation.value : null
    return { edit: { kind: 'insert', place, at: steps.at(-1) === 0 ? 0 : '-', value }, depth: steps.length }
  }
  if (operation.op === 'remove') return { edit: { kind: 'remove', place }, depth }
  const { value } = operation
  return { edit: kind === 'missing' ? { kind: 'add', place, key: String(way.at(-1)), value } : { kind: 'set', place, value }, depth }
}

/** Makes an edit. @throws {UneditableError} */
export function performEdit(editor: Editor, edit: Edit): void {
  const { place } = edit
  switch (edit.kind) {
    case 'set':
      editor.set(place, edit.value)
      break
    case 'add':
      if (!isMap(place.parent)) throw new UneditableError(startOf(place.parent), 'a map is expected here')
      editor.addPair(place.parent, edit.key, edit.value, place.depth)
      break
    case 'insert':
      if (!isSeq(place.node)) throw new UneditableError(startOf(place.node), 'a list is expected here')
      editor.addItem(place.node, edit.at, edit.value, place.pair, place.depth + 1)
      break
    case 'remove':
      editor.remove(place)
      break
  }
}

/** As the status keeps it: how the places that will be changed are written, where that must be remembered. */
function unusualText(
  editor: Editor,
  template: TemplateText,
  patch: readonly PatchOperation[],
  edits: ReadonlyMap<string, Edit>,
): JsonObject {
  const { data, base } = template
  const before = valueAt(data, base)
  const after = patched(before, patch)
  const reversal = revert(after)
  if (reversal.kind !== 'revert') return {}
  const again = patched(after, reversal.patch)
  const text: Record<string, Json> = {}
  for (const [path, edit] of edits) {
    if (edit.kind !== 'set' && edit.kind !== 'add') continue
    const { place } = edit
    const isAbove = place.depth < base.length
    const steps = stepsOf(path, before)
    const was = valueAt(before, steps)
    // What is not ours to take out again need not be remembered.
    if (isAbove || !isSame(valueAt(again, steps), was)) continue
    if (edit.kind === 'add') {
      if (place.kind === 'merged') text[path] = null
      continue
    }
    const written = editor.textOf(place, edit.value)
    if (place.kind === 'alias' || written !== editor.textAgain(place, was, edit.value)) text[path] = written
  }
  return text
}

/** Puts the text into the status, where the operation is the one that writes it. */
function withText(operation: PatchOperation, text: JsonObject): PatchOperation {
  if (operation.op === 'remove') return operation
  const { value } = operation
  if (operation.path.endsWith(pointer(statusKey))) return { ...operation, value: extended(value, text) }
  if (!isObject(value)) return operation
  if (operation.path === '/metadata') {
    const annotations = isObject(value['annotations']) ? value['annotations'] : {}
    return { ...operation, value: { ...value, annotations: withStatus(annotations, text) } }
  }
  return operation.path === '/metadata/annotations' ? { ...operation, value: withStatus(value, text) } : operation
}

function withStatus(annotations: JsonObject, text: JsonObject): JsonObject {
  return { ...annotations, [statusKey]: extended(annotations[statusKey], text) }
}

function extended(annotation: Json | undefined, text: JsonObject): Json {
  const status = typeof annotation === 'string' ? readStatus(annotation) : undefined
  return status === undefined ? (annotation ?? null) : writeStatus({ ...status, text: { ...text, ...status.text } })
}
