import jsonpatch, { type Operation } from 'fast-json-patch'
import type { Decision, DecisionContext } from '../inject/context.ts'
import { decide } from '../inject/decide.ts'
import type { PatchOperation } from '../inject/patch.ts'
import type { Reason, ReasonCode } from '../inject/reasons.ts'
import type { Review } from './review.ts'

/** The answer to a review, and what the log and the metrics say of it. */
export interface Answer {
  /** The AdmissionReview that goes back, as a string of JSON. Always allows. */
  readonly body: string
  readonly reasons: readonly Reason[]
  readonly patched: boolean
  /** What failed on our side, where something did. */
  readonly error: unknown
}

/** What is known at this moment beside the pod, for a pod of this namespace. Must not wait for anything. */
export type ContextOf = (namespace: string) => DecisionContext

/** The decision as the webhook calls it. */
export type Decide = (pod: unknown, context: DecisionContext) => Decision

/**
 * Answers a review: decides, checks the patch by applying it, and allows in any case. The review's object is
 * changed in place by the check; a copy would cost several times what the decision does.
 */
export function answerReview(review: Review, contextOf: ContextOf, decideOf: Decide = decide): Answer {
  if (review.skip !== undefined) return allow(review.uid, { patch: [], reasons: [review.skip], warnings: [] })
  let context: DecisionContext
  let decision: Decision
  try {
    context = contextOf(review.namespace)
    decision = decideOf(review.object, context)
  } catch (error) {
    return allow(review.uid, { patch: [], reasons: [{ code: 'internal-error' }], warnings: [] }, error ?? new Error('thrown: nothing'))
  }
  if (decision.patch.length === 0) return allow(review.uid, decision)
  const text = JSON.stringify(decision.patch)
  try {
    checkPatch(review.object, decision.patch, context, decideOf)
  } catch (error) {
    const reasons: Reason[] = [{ code: 'patch-failed' }]
    return allow(review.uid, { patch: [], reasons, warnings: decision.warnings }, error)
  }
  return allow(review.uid, decision, undefined, text)
}

/** Throws where the patch does not apply, or where the patched pod would be patched again. */
function checkPatch(
  pod: unknown,
  patch: readonly PatchOperation[],
  context: DecisionContext,
  decideOf: Decide,
): void {
  apply(pod, patch)
  const { patch: rest } = decideOf(pod, context)
  const [first] = rest
  if (first === undefined) return
  throw new Error(`the patched pod would be patched again: ${first.op} ${first.path}`)
}

/** The library's own error carries the whole pod, which must not get into the log. */
function apply(pod: unknown, patch: readonly PatchOperation[]): void {
  for (const [index, operation] of patch.entries()) {
    try {
      jsonpatch.applyOperation(pod, operation as Operation, true)
    } catch (error) {
      const name = error instanceof Error ? error.name : 'failed'
      // oxlint-disable-next-line preserve-caught-error -- its message has the document in it
      throw new Error(`operation ${index} does not apply: ${operation.op} ${operation.path}: ${name}`)
    }
  }
}

// The API server cuts warnings off beyond 4096 characters in all, and recommends at most 256 for one.
const maxWarnings = 12
const maxWarningLength = 256

function allow(uid: string, decision: Decision, error?: unknown, patch?: string): Answer {
  const { reasons } = decision
  const warnings = decision.warnings.slice(0, maxWarnings).map((warning) => `usher: ${warning}`.slice(0, maxWarningLength))
  const body = JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    response: {
      uid,
      allowed: true,
      ...(patch === undefined ? {} : { patchType: 'JSONPatch', patch: Buffer.from(patch).toString('base64') }),
      ...(warnings.length === 0 ? {} : { warnings }),
      auditAnnotations: { [isAgain(reasons) ? 'reasons-again' : 'reasons']: listCodes(reasons) },
    },
  })
  return { body, reasons, patched: patch !== undefined, error }
}

const again: ReadonlySet<ReasonCode> = new Set(['already-injected', 'lock-resized', 'nap-shortened', 'nap-removed'])

// A pod is reviewed again (reinvocationPolicy) where another webhook has changed it after us. The API server keeps the
// first of two values of an annotation, and logs a warning for the other.
function isAgain(reasons: readonly Reason[]): boolean {
  return reasons.some(({ code }) => again.has(code))
}

/** The codes of reasons, comma-separated, each once. */
export function listCodes(reasons: readonly Reason[]): string {
  return [...new Set(reasons.map(({ code }) => code))].join(',')
}
