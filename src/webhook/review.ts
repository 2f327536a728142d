import type { ProblemCode } from '../http/problem.ts'
import type { ReasonCode } from '../inject/reasons.ts'
import { isObject, type Json, type JsonObject } from '../units/json.ts'
import { limitDepth } from './limit-depth.ts'

/** An AdmissionReview (admission.k8s.io/v1) that can be answered. */
export interface Review {
  readonly uid: string
  /** The request's own namespace; that of the object may be empty. */
  readonly namespace: string
  readonly object: Json | undefined
  /** Why the object is not for us; undefined where it is to be decided about. */
  readonly skip: { readonly code: ReasonCode; readonly detail?: string } | undefined
}

/** A body that is not a review that can be answered. */
export interface Refusal {
  readonly code: ProblemCode
  readonly detail: string
}

/** Reads the body of a request. Never throws. */
export function readReview(raw: Buffer): Review | Refusal {
  const { body, cut } = limitDepth(raw)
  let content: unknown
  try {
    content = JSON.parse(body.toString())
  } catch (error) {
    return { code: 'not-json', detail: error instanceof SyntaxError ? briefly(error.message) : 'it cannot be parsed' }
  }
  if (!isObject(content) || content['kind'] !== 'AdmissionReview') {
    return { code: 'not-an-admission-review', detail: 'kind must be AdmissionReview' }
  }
  if (content['apiVersion'] !== 'admission.k8s.io/v1') {
    return { code: 'unsupported-version', detail: 'apiVersion must be admission.k8s.io/v1' }
  }
  const { request } = content
  if (!isObject(request)) return { code: 'no-request', detail: 'request must be an object' }
  const { uid, namespace, object } = request
  if (typeof uid !== 'string' || uid === '') return { code: 'no-request', detail: 'request.uid must be a string' }
  return {
    uid,
    namespace: typeof namespace === 'string' ? namespace : '',
    object,
    skip: skipOf(request, cut, body),
  }
}

function skipOf(request: JsonObject, cut: boolean, body: Buffer): Review['skip'] {
  const { resource, subResource, operation, object } = request
  const isPod = isObject(resource) && resource['group'] === '' && resource['resource'] === 'pods'
  if (!isPod || (typeof subResource === 'string' && subResource !== '')) return { code: 'not-a-pod' }
  if (operation !== 'CREATE') return { code: 'not-a-create' }
  if (cut) return { code: 'pod-too-deep' }
  if (mayHaveProtoKey(body) && hasProtoKey(object)) {
    return { code: 'malformed-pod', detail: 'it has a key __proto__' }
  }
  return undefined
}

const protoKey = '__proto__'

// The key in plain, and how every way to escape one of its characters begins, or that of most other letters.
const protoMarks = [protoKey, 'u00'].map((mark) => Buffer.from(mark))

/** Whether the key can be in the text at all; native searches, so that reviews pay little. */
function mayHaveProtoKey(body: Buffer): boolean {
  return protoMarks.some((mark) => body.includes(mark))
}

/** Looks for the key in every object. Iterative: the depth of the input must not become depth of the stack. */
function hasProtoKey(root: Json | undefined): boolean {
  const open: (Json | undefined)[] = [root]
  while (open.length > 0) {
    const value = open.pop()
    if (typeof value !== 'object' || value === null) continue
    if (Object.hasOwn(value, protoKey)) return true
    for (const child of Object.values(value)) if (typeof child === 'object') open.push(child)
  }
  return false
}

/** V8 quotes the text that it could not read; nobody's text belongs into an answer or a log. */
function briefly(message: string): string {
  const position = /position \d+/.exec(message)?.[0]
  return position === undefined ? 'it ends too early or is not JSON at all' : `it cannot be parsed at ${position}`
}
