import { at, objectsAt, textAt } from '../check/json-paths.ts'
import { lockContainerName, statusKey } from '../inject/names.ts'
import { readStatus } from '../inject/status.ts'
import { isObject, type JsonObject } from '../units/json.ts'
import type { Effect, Feature } from './plan.ts'

/** What the API server has made of a pod that it was asked for by a dry run. */
export type Attempt =
  | { readonly kind: 'made'; readonly pod: JsonObject }
  /** By a policy, a quota, a validating webhook, or the API server's own rules. */
  | { readonly kind: 'rejected'; readonly message: string }
  /** It cannot be told what would become of it. */
  | { readonly kind: 'failed'; readonly message: string }

// Not the pod's fault: credentials, a request that took too long, and a server that wants to be left alone.
const noRejections: ReadonlySet<number> = new Set([401, 404, 408, 429])

/** Reads an answer that is none of 2xx. */
export function readRefusal(status: number, message: string): Attempt {
  const isDenied = / cannot create (?:resource|path) /.test(message)
  // Such a webhook is called for real pods alone; what it would say of them is not known.
  const isNotTried = / does not support dry run/.test(message)
  const isRejected = status >= 400 && status <= 499 && !noRejections.has(status) && !isDenied && !isNotTried
  return { kind: isRejected ? 'rejected' : 'failed', message }
}

/** The pod as new pods are now, and as they will be after the change. */
export interface Trial {
  readonly before: Attempt
  readonly after: Attempt
  /** Where only the second was rejected: of the parts of the injection, those without which it is not. */
  readonly cures: readonly Feature[]
}

/** What the trial of a workload's pod says. */
export type Verdict =
  /** `missing`: of what usher puts in, what is not in the pod in the end. */
  | { readonly kind: 'passes'; readonly missing: readonly Feature[] }
  /** The change is the reason. */
  | { readonly kind: 'rejected'; readonly message: string; readonly cures: readonly Feature[] }
  /** Pods of it are rejected now, too. */
  | { readonly kind: 'rejected-anyway'; readonly message: string }
  | { readonly kind: 'untried'; readonly message: string }

/** @param gained what is put in by the change; undefined: what usher has put in until now is left out. */
export function judgeTrial({ before, after, cures }: Trial, gained: Effect | undefined): Verdict {
  if (after.kind === 'made') return { kind: 'passes', missing: gained === undefined ? [] : missingIn(after.pod, gained) }
  if (before.kind === 'rejected') return { kind: 'rejected-anyway', message: before.message }
  if (after.kind === 'failed') return { kind: 'untried', message: after.message }
  return before.kind === 'made' ? { kind: 'rejected', message: after.message, cures } : { kind: 'untried', message: before.message }
}

/** Whether the webhook has reviewed a pod, and changed it. */
export function isInjected(attempt: Attempt): boolean {
  return attempt.kind === 'made' && readStatus(textAt(attempt.pod, 'metadata', 'annotations', statusKey)) !== undefined
}

function missingIn(pod: JsonObject, { nap, lock }: Effect): readonly Feature[] {
  const hooks = objectsAt(pod, 'spec', 'containers').filter(({ name }) => nap?.containers.some((each) => each === name))
  const naps = hooks.every(({ lifecycle }) => hasHandler(lifecycle))
  const waits = objectsAt(pod, 'spec', 'initContainers').some(({ name }) => name === lockContainerName)
  return [...(nap !== undefined && !naps ? (['nap'] as const) : []), ...(lock && !waits ? (['lock'] as const) : [])]
}

function hasHandler(lifecycle: unknown): boolean {
  const preStop = at(lifecycle, 'preStop')
  return isObject(preStop) && Object.keys(preStop).length > 0
}
