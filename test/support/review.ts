import { readFileSync } from 'node:fs'
import jsonpatch, { type Operation } from 'fast-json-patch'
import { isObject, type JsonObject } from '../../src/units/json.ts'

/** The request of a review as an API server sent it; `test/samples` holds them. */
export function sampleRequest(name: string): JsonObject {
  const text = readFileSync(new URL(`../samples/${name}.json`, import.meta.url), 'utf8')
  const review: unknown = JSON.parse(text)
  const request = isObject(review) ? review['request'] : undefined
  if (!isObject(request)) throw new Error(`${name} is not a review`)
  return request
}

/** The pod of a captured review. */
export function samplePod(name: string): JsonObject {
  const { object } = sampleRequest(name)
  if (!isObject(object)) throw new Error(`${name} has no pod`)
  return object
}

/** A review of a pod's creation in the namespace shop. */
export function reviewOf(object: unknown, request: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid: 'uid-of-the-review',
      kind: { group: '', version: 'v1', kind: 'Pod' },
      resource: { group: '', version: 'v1', resource: 'pods' },
      namespace: 'shop',
      operation: 'CREATE',
      object,
      ...request,
    },
  })
}

/** As {@link reviewOf}, with the text of the object as it is, valid or not. */
export function reviewOfText(object: string): string {
  return reviewOf(null).replace('"object":null', () => `"object":${object}`)
}

/** The smallest pod that gets a nap and a lock. */
export function smallPod(metadata: JsonObject = {}, container: JsonObject = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'small', ...metadata },
    spec: { containers: [{ name: 'app', image: 'app:1', ...container }] },
  }
}

/** What the webhook answers about a pod. */
export interface ReviewAnswer {
  readonly uid: unknown
  readonly allowed: unknown
  /** Undefined where the answer has none. */
  readonly patch: readonly Operation[] | undefined
  readonly warnings: readonly string[]
  readonly reasons: readonly string[]
  /** The keys of the response. */
  readonly keys: readonly string[]
}

/** Reads the AdmissionReview of an answer. Throws where it is not one. */
export function readAnswer(text: string): ReviewAnswer {
  const review: unknown = JSON.parse(text)
  if (!isObject(review) || review['kind'] !== 'AdmissionReview') throw new Error(`not a review: ${text}`)
  if (review['apiVersion'] !== 'admission.k8s.io/v1') throw new Error(`not version v1: ${text}`)
  const { response } = review
  if (!isObject(response)) throw new Error(`no response: ${text}`)
  const { uid, allowed, patch, patchType, warnings, auditAnnotations } = response
  if ((patch === undefined) !== (patchType === undefined)) throw new Error('patch and patchType go together')
  const reasons = isObject(auditAnnotations) ? (auditAnnotations['reasons'] ?? auditAnnotations['reasons-again']) : undefined
  return {
    uid,
    allowed,
    patch: typeof patch === 'string' ? readPatch(patch) : undefined,
    warnings: Array.isArray(warnings) ? warnings.map(String) : [],
    reasons: typeof reasons === 'string' ? reasons.split(',') : [],
    keys: Object.keys(response),
  }
}

/** The pod after the patch, on a copy. */
export function applied(pod: JsonObject, patch: readonly Operation[] | undefined): JsonObject {
  const copy: JsonObject = JSON.parse(JSON.stringify(pod))
  return jsonpatch.applyPatch(copy, patch ?? [], true).newDocument
}

function readPatch(base64: string): readonly Operation[] {
  const patch: unknown = JSON.parse(Buffer.from(base64, 'base64').toString())
  if (!Array.isArray(patch)) throw new Error('the patch is not a list')
  return patch
}
