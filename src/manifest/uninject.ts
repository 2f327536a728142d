import type { PatchOperation } from '../inject/patch.ts'
import { type Reversal, revert } from '../inject/revert.ts'
import type { JsonObject } from '../units/json.ts'
import { type Change, type Changed, changeWorkloads } from './change-workloads.ts'
import { performEdit, planEdits, type TemplateText } from './edit-template.ts'
import type { Editor } from './editor.ts'
import { rebased, stepsOf, valueAt } from './patch-data.ts'
import { follow } from './place.ts'
import type { Workload } from './workloads.ts'

/** What was taken out of a workload. */
export interface Uninjection {
  readonly kind: Reversal['kind']
  /** RFC 6902, for the document as a whole. */
  readonly patch: readonly PatchOperation[]
}

/** Takes out of the workloads of one document exactly what usher has put in. Never throws. */
export function uninjectDocument(text: string): Changed<Uninjection> {
  return changeWorkloads(text, changeBack((reversal) => reversal.text), changeBack(() => ({})))
}

/** @param textOf what is known of how the places were written. */
function changeBack(textOf: (reversal: Extract<Reversal, { kind: 'revert' }>) => JsonObject) {
  return (template: TemplateText, workload: Workload): Change<Uninjection> => {
    const reversal = revert(valueAt(template.data, template.base))
    const { kind } = reversal
    if (kind === 'newer-status') {
      return { result: { kind, patch: [] }, fault: `${workload.kind} ${workload.name} passes unchanged, for a newer usher has injected it; use that one` }
    }
    if (kind === 'not-injected') return { result: { kind, patch: [] } }
    if (kind === 'unreadable') {
      return { result: { kind, patch: [] }, fault: `${workload.kind} ${workload.name} passes unchanged, for it cannot be told what usher did to it: ${reversal.detail}` }
    }
    const { patch, kept } = reversal
    return {
      result: { kind, patch: rebased(patch, template.base) },
      edit: (editor) => putBack(editor, template, patch, textOf(reversal)),
      notes: kept.map((place) => `${workload.kind} ${workload.name}: ${place} was changed since the injection, and stays as it is`),
    }
  }
}

/** Puts back what was there, in its own words where these are known. */
function putBack(editor: Editor, template: TemplateText, patch: readonly PatchOperation[], text: JsonObject): readonly PatchOperation[] {
  const { manifest, data, base } = template
  const pod = valueAt(data, base)
  const edits = planEdits(template, patch)
  const removed = [...edits].filter(([, { kind }]) => kind === 'remove').map(([path]) => path)
  const restored = Object.keys(text).filter((path) => !removed.some((above) => path.startsWith(`${above}/`)))
  for (const path of restored) {
    const place = follow(manifest.root, data, [...base, ...stepsOf(path, pod)])
    const written = text[path]
    if (place.kind !== 'own' || place.anchored !== undefined) continue
    if (typeof written === 'string') editor.restore(place, written)
    else editor.remove(place)
  }
  for (const [path, edit] of edits) {
    if (!restored.some((above) => path === above || path.startsWith(`${above}/`))) performEdit(editor, edit)
  }
  return patch
}
