import { textAt } from '../../check/json-paths.ts'
import type { JsonObject } from '../../units/json.ts'

/** A kind of which a job has objects, and where the API server has them. All of them are in a namespace. */
export interface JobKind {
  readonly apiVersion: string
  readonly kind: string
  /** As it stands in paths. */
  readonly resource: string
  readonly isNamespaced: true
  /** What a cluster needs for it; undefined: every cluster has it. */
  readonly needs?: string
}

const kinds: readonly JobKind[] = [
  { apiVersion: 'v1', kind: 'ServiceAccount', resource: 'serviceaccounts', isNamespaced: true },
  { apiVersion: 'v1', kind: 'ConfigMap', resource: 'configmaps', isNamespaced: true },
  { apiVersion: 'v1', kind: 'Secret', resource: 'secrets', isNamespaced: true },
  { apiVersion: 'v1', kind: 'PersistentVolumeClaim', resource: 'persistentvolumeclaims', isNamespaced: true },
  { apiVersion: 'v1', kind: 'Service', resource: 'services', isNamespaced: true },
  { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', resource: 'poddisruptionbudgets', isNamespaced: true },
  { apiVersion: 'networking.k8s.io/v1', kind: 'Ingress', resource: 'ingresses', isNamespaced: true },
  { apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', resource: 'networkpolicies', isNamespaced: true },
  { apiVersion: 'gateway.networking.k8s.io/v1', kind: 'HTTPRoute', resource: 'httproutes', isNamespaced: true, needs: 'the Gateway API, or a job file and flags without a Gateway' },
  { apiVersion: 'apps/v1', kind: 'Deployment', resource: 'deployments', isNamespaced: true },
  { apiVersion: 'apps/v1', kind: 'DaemonSet', resource: 'daemonsets', isNamespaced: true },
  { apiVersion: 'batch/v1', kind: 'Job', resource: 'jobs', isNamespaced: true },
]

/** The kind of an object; undefined: no job has such a thing. */
export function jobKindOf({ apiVersion, kind }: JsonObject): JobKind | undefined {
  return kinds.find((each) => each.apiVersion === apiVersion && each.kind === kind)
}

/** Of two objects with one key there is one: what they are and what they are called, in the namespace of the job. */
export function objectKey(object: JsonObject): string {
  return `${textAt(object, 'apiVersion') ?? ''}/${titleOfObject(object)}`
}

/** `Kind name`, for people. */
export function titleOfObject(object: JsonObject): string {
  return `${textAt(object, 'kind') ?? ''} ${textAt(object, 'metadata', 'name') ?? ''}`
}

/** Whether it holds what cannot be made anew. */
export function holdsData({ kind }: JsonObject): boolean {
  return kind === 'PersistentVolumeClaim'
}

/** What has pods: it comes last, and is waited for. */
export function isWorkload({ kind }: JsonObject): boolean {
  return kind === 'Deployment' || kind === 'DaemonSet' || kind === 'Job'
}

/** The workload among the objects of a job. */
export function workloadOf(objects: readonly JsonObject[]): JsonObject | undefined {
  return objects.find(isWorkload)
}

/** In the order in which they are put in: as they stand, the workload last. */
export function inOrder(objects: readonly JsonObject[]): readonly JsonObject[] {
  return [...objects.filter((each) => !isWorkload(each)), ...objects.filter(isWorkload)]
}
