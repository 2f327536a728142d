import { readFileSync } from 'node:fs'
import { isObject, type JsonObject } from '../../../src/units/json.ts'

interface Review {
  readonly request: { readonly namespace: string; readonly object: JsonObject }
}

const sample = new URL('../../samples/deployment-web.json', import.meta.url)

/** The pod as its creator sends it: of the captured one, what the API server had added by then is taken away. */
export function podToCreate(): JsonObject {
  const { metadata, spec } = JSON.parse(readFileSync(sample, 'utf8'), withoutToken).request.object
  const { managedFields: _managed, namespace: _namespace, ...kept } = metadata
  return { apiVersion: 'v1', kind: 'Pod', metadata: kept, spec }
}

/**
 * The captured review, as if the pod were of another namespace, and without the token that usher mounts as well: the bare
 * handler and the policies add the same to any pod, whose own token has another name.
 */
export function reviewIn(namespace: string): object {
  const review: Review = JSON.parse(readFileSync(sample, 'utf8'), withoutToken)
  const { object } = review.request
  const metadata = isObject(object['metadata']) ? object['metadata'] : {}
  return { ...review, request: { ...review.request, namespace, object: { ...object, metadata: { ...metadata, namespace } } } }
}

/** Takes volumes and mounts of the service account's token out of what is parsed, or of a pod: their names are random. */
export function withoutToken(_key: string, value: unknown): unknown {
  if (!Array.isArray(value)) return value
  return value.filter((each: unknown) => !isObject(each) || typeof each['name'] !== 'string' || !each['name'].startsWith('kube-api-access-'))
}
