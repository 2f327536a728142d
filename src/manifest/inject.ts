import type { Decision, DecisionContext } from '../inject/context.ts'
import { decide } from '../inject/decide.ts'
import { injectKey, prefix } from '../inject/names.ts'
import type { PatchOperation } from '../inject/patch.ts'
import { isObject } from '../units/json.ts'
import { type Changed, changeWorkloads } from './change-workloads.ts'
import { patchTemplate, type TemplateText } from './edit-template.ts'
import { rebased, valueAt } from './patch-data.ts'
import type { Step } from './place.ts'
import type { Workload } from './workloads.ts'

/** What was decided about a workload. */
export interface Injection {
  readonly reasons: Decision['reasons']
  readonly warnings: Decision['warnings']
  /** RFC 6902, for the document as a whole. */
  readonly patch: readonly PatchOperation[]
}

/**
 * Injects the workloads of one document, as the webhook would inject their pods. Never throws.
 *
 * @param text of the document.
 * @param contextOf gives the context in which a workload's pods are decided about, but for their controller.
 */
export function injectDocument(text: string, contextOf: (workload: Workload) => DecisionContext): Changed<Injection> {
  return changeWorkloads(text, (template, workload) => {
    const pod = valueAt(template.data, template.base)
    const context = { ...contextOf(workload), controller: workload.controller }
    const { patch, reasons, warnings } = decide(pod, context)
    const result = { reasons, warnings, patch: rebased(patch, template.base) }
    const malformed = reasons.find(({ code }) => code === 'malformed-pod')
    if (malformed !== undefined) {
      const what = template.base.length > workload.at.length && pod === undefined ? `it has no ${workload.template.join('.')}` : malformedIn(workload, malformed.detail)
      return { result, fault: `${workload.kind} ${workload.name} passes unchanged, for the API server would not accept its pods: ${what}` }
    }
    const notes = misplacedKeys(template, workload)
    return patch.length === 0 ? { result, notes } : { result, notes, edit: (editor) => patchTemplate(editor, template, patch) }
  })
}

/** Keys of usher's that stand where nobody looks for them: on the workload itself, or among the labels. */
function misplacedKeys({ data, base }: TemplateText, { kind, at, template }: Workload): readonly string[] {
  const place = [...template, 'metadata'].join('.')
  const ofWorkload = template.length === 0 ? [] : ['annotations', 'labels'].flatMap((field) => keysAt(data, [...at, 'metadata', field]))
  const labels = keysAt(data, [...base, 'metadata', 'labels']).filter((key) => key !== injectKey)
  return [
    ...ofWorkload.map((key) => `${key} stands on the ${kind} itself, where it does nothing; it belongs to ${place}`),
    ...labels.map((key) => `${key} stands among the labels, where it does nothing; it is an annotation`),
  ]
}

function keysAt(data: unknown, steps: readonly Step[]): readonly string[] {
  const map = valueAt(data, steps)
  return isObject(map) ? Object.keys(map).filter((key) => key.startsWith(prefix)) : []
}

/** What is wrong with a pod, with the path from the workload on. */
function malformedIn({ template }: Workload, detail = ''): string {
  return template.length > 0 && /^(?:metadata|spec)\b/.test(detail) ? `${template.join('.')}.${detail}` : detail
}
