import type { Decision, DecisionContext } from '../inject/context.ts'
import { decide } from '../inject/decide.ts'
import { type PatchOperation, pointer } from '../inject/patch.ts'
import { type Changed, changeWorkloads } from './change-workloads.ts'
import { patchTemplate } from './edit-template.ts'
import { valueAt } from './patch-data.ts'
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
    const base = pointer(...template.base)
    const result = { reasons, warnings, patch: patch.map((operation) => ({ ...operation, path: base + operation.path })) }
    const malformed = reasons.find(({ code }) => code === 'malformed-pod')
    if (malformed !== undefined) {
      const what = template.base.length > workload.at.length && pod === undefined ? `it has no ${workload.template.join('.')}` : malformed.detail
      return { result, fault: `${workload.kind} ${workload.name} passes unchanged, for the API server would not accept its pods: ${what}` }
    }
    return patch.length === 0 ? { result } : { result, edit: (editor) => patchTemplate(editor, template, patch) }
  })
}
