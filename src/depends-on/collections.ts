import type { Target } from './dependency.ts'

/** The kinds of objects by which targets are judged, as the API server's paths have them. */
export type Resource = 'endpointslices' | 'deployments' | 'statefulsets' | 'daemonsets' | 'jobs'

/** Objects that are to be watched: by their name, or by a label. */
export interface Collection {
  readonly resource: Resource
  /** Undefined: those of all namespaces. */
  readonly namespace: string | undefined
  readonly selector: { readonly name: string } | { readonly label: string; readonly value: string }
}

const serviceLabel = 'kubernetes.io/service-name'
// As src/job/names.ts has it.
const jobLabel = 'usher.dev/job'
const jobResources = ['deployments', 'statefulsets', 'daemonsets', 'jobs'] as const

/**
 * What has to be watched to judge a target for a pod of this namespace: as little as that takes.
 *
 * A job is whatever workload has its label; and where there is none, the Job of that name.
 */
export function collectionsOf({ kind, namespace, name }: Target, podNamespace: string): readonly Collection[] {
  const inNamespace = namespace ?? podNamespace
  if (kind === 'service') return [{ resource: 'endpointslices', namespace: inNamespace, selector: { label: serviceLabel, value: name } }]
  if (kind !== 'job') return [{ resource: `${kind}s`, namespace: inNamespace, selector: { name } }]
  // The value of a label has no more than 63 characters, and the API server refuses a selector with more.
  const ofUsher = name.length > 63 ? [] : jobResources.map((resource): Collection => ({ resource, namespace, selector: { label: jobLabel, value: name } }))
  return [...ofUsher, { resource: 'jobs', namespace: inNamespace, selector: { name } }]
}

/** Names a collection: two of the same key have the same objects. */
export function collectionKey({ resource, namespace = '', selector }: Collection): string {
  return `${resource}/${namespace}?${'name' in selector ? selector.name : `${selector.label}=${selector.value}`}`
}
