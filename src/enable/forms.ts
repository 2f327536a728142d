import { at } from '../check/json-paths.ts'
import type { DecisionContext } from '../inject/context.ts'
import { decide } from '../inject/decide.ts'
import { injectKey, tuning } from '../inject/names.ts'
import { patched } from '../manifest/patch-data.ts'
import { isObject, type JsonObject } from '../units/json.ts'
import type { NamespaceState } from './namespace-state.ts'
import type { Feature } from './plan.ts'

/** How the API server is asked for a pod with usher and without, in a namespace as it is labelled now. */
export interface Forms {
  readonly bare: JsonObject
  readonly injected: JsonObject
  /** Whether what usher puts in comes from the webhook; else it stands in the pod already. */
  readonly byWebhook: boolean
  /** A pod with the label that opts in, without its effect, where `injected` has that label and its namespace has none. */
  readonly marked?: JsonObject
}

/**
 * The two forms of a pod.
 *
 * | label of the namespace | bare                              | injected                        |
 * |------------------------|-----------------------------------|---------------------------------|
 * | none                   | as it is                          | with the pod label that opts in |
 * | none; the pod opts in  | with the annotation that opts out | as it is                        |
 * | enabled                | with the annotation that opts out | as it is                        |
 * | audit, disabled        | as it is                          | with what `decide` would put in |
 *
 * So it goes through the real webhook, and with its part through all others, wherever the webhook can be had.
 *
 * @param enabled what the webhook would know of the pod in the namespace, were it on there.
 * @param byHand whether to do without the webhook in any case.
 */
export function formsOf(pod: JsonObject, now: NamespaceState, enabled: DecisionContext, byHand = false): Forms {
  const optsIn = now === 'none' && at(pod, 'metadata', 'labels', injectKey) === 'enabled'
  if (now === 'enabled' || optsIn) return { bare: withKey(pod, 'annotations', injectKey, 'disabled'), injected: pod, byWebhook: true }
  if (now !== 'none' || byHand) return { bare: pod, injected: injectedByHand(pod, enabled), byWebhook: false }
  return { bare: pod, injected: withKey(pod, 'labels', injectKey, 'enabled'), byWebhook: true, marked: withKey(pod, 'labels', injectKey, 'disabled') }
}

/** The pod, asking for one part of the injection not to be done. */
export function without(feature: Feature, pod: JsonObject): JsonObject {
  return withKey(pod, 'annotations', tuning[feature], 'disabled')
}

function injectedByHand(pod: JsonObject, context: DecisionContext): JsonObject {
  const injected = patched(pod, decide(pod, context).patch)
  return isObject(injected) ? injected : pod
}

function withKey(pod: JsonObject, field: 'labels' | 'annotations', key: string, value: string): JsonObject {
  const metadata = at(pod, 'metadata')
  const all = at(metadata, field)
  return { ...pod, metadata: { ...(isObject(metadata) ? metadata : {}), [field]: { ...(isObject(all) ? all : {}), [key]: value } } }
}
