import type { Asked } from '../check/asked.ts'
import { at, named, objectsAt, textAt } from '../check/json-paths.ts'
import { binVolumeName, lockContainerName, tokenVolumeName } from '../inject/names.ts'
import { isObject, type JsonObject } from '../units/json.ts'
import type { Owner } from './hang.ts'

/** What the pod will get that its owner makes anew. */
export type Successor =
  /** It starts without the lock. */
  | { readonly kind: 'without' }
  /** It gets `usher-lock` of this image. */
  | { readonly kind: 'with'; readonly image: string }
  | { readonly kind: 'unknown'; readonly why: string }

// By apiVersion and kind: what Kubernetes itself makes pods by, out of `spec.template`.
const paths: Readonly<Record<string, string>> = {
  'apps/v1 ReplicaSet': '/apis/apps/v1/namespaces/NAMESPACE/replicasets/',
  'apps/v1 StatefulSet': '/apis/apps/v1/namespaces/NAMESPACE/statefulsets/',
  'apps/v1 DaemonSet': '/apis/apps/v1/namespaces/NAMESPACE/daemonsets/',
  'batch/v1 Job': '/apis/batch/v1/namespaces/NAMESPACE/jobs/',
  'v1 ReplicationController': '/api/v1/namespaces/NAMESPACE/replicationcontrollers/',
}

/** What an owner does when a pod of its is deleted. */
export type Renewal =
  /** It makes another one, however often that happens. */
  | 'makes'
  /** It counts a failure, and makes another one only while it has attempts left. */
  | 'counts'
  | 'unknown'

/**
 * What an owner does when a pod of its is deleted. Of kinds that are not Kubernetes' own nobody here knows: a TaskRun of
 * Tekton, a Workflow of Argo and a driver of Spark fail for good.
 */
export function renewalOf({ apiVersion, kind }: Owner): Renewal {
  if (paths[`${apiVersion} ${kind}`] === undefined) return 'unknown'
  return kind === 'Job' ? 'counts' : 'makes'
}

/** Why an owner, as the API server has it, makes no pod in the place of another; undefined: it does. */
export function whyNoSuccessor({ kind, uid }: Owner, found: JsonObject): string | undefined {
  if (textAt(found, 'metadata', 'uid') !== uid) return `it is gone, and another ${kind} has its name`
  return textAt(found, 'metadata', 'deletionTimestamp') === undefined ? undefined : 'it is being deleted'
}

/** Where the API server has an owner; undefined: it is none of Kubernetes' own, and its template stands anywhere. */
export function pathOfOwner(namespace: string, { apiVersion, kind, name }: Owner): string | undefined {
  const path = paths[`${apiVersion} ${kind}`]
  return path === undefined ? undefined : path.replace('NAMESPACE', encodeURIComponent(namespace)) + encodeURIComponent(name)
}

/**
 * The pod that an owner would make in the place of another: what is in its template, and the volumes that the pod has got
 * beside it, such as the claims of a StatefulSet.
 */
export function successorOf(pod: JsonObject, owner: JsonObject): JsonObject {
  const template = at(owner, 'spec', 'template')
  const spec = at(template, 'spec')
  const own = objectsAt(spec, 'volumes')
  const more = objectsAt(pod, 'spec', 'volumes').filter(({ name }) => typeof name === 'string' && !isAdded(name) && named(own, name) === undefined)
  const reference = objectsAt(pod, 'metadata', 'ownerReferences').filter(({ controller }) => controller === true)
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...objectOf(at(template, 'metadata')),
      generateName: `${textAt(owner, 'metadata', 'name') ?? 'usher-rescue'}-`,
      namespace: textAt(pod, 'metadata', 'namespace') ?? '',
      ownerReferences: reference,
    },
    spec: { ...objectOf(spec), volumes: [...own, ...more] },
  }
}

// By usher, and by the API server for the token of the pod's service account.
function isAdded(volume: string): boolean {
  return volume === binVolumeName || volume === tokenVolumeName || volume.startsWith('kube-api-access-')
}

function objectOf(value: unknown): JsonObject {
  return isObject(value) ? value : {}
}

/** Reads what the API server would make of {@link successorOf}. */
export function readSuccessor(made: Asked<JsonObject>): Successor {
  if (made.kind !== 'told') return { kind: 'unknown', why: made.message }
  const own = named(objectsAt(made.value, 'spec', 'initContainers'), lockContainerName)
  return own === undefined ? { kind: 'without' } : { kind: 'with', image: textAt(own, 'image') ?? '' }
}
