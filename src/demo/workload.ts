import { isObject, type Json, type JsonObject } from '../units/json.ts'

/** A workload of an example, and the pod that its controller would create from it. */
export interface Example {
  readonly file: string
  readonly kind: string
  readonly name: string
  readonly namespace: string
  readonly pod: JsonObject
}

/**
 * Makes the pod that a workload's controller would create, with the defaults that the API server has filled in
 * by the time a webhook sees it.
 *
 * @throws where the manifest is not a workload.
 */
export function exampleOf(manifest: unknown, file: string): Example {
  const { kind, metadata, spec } = object(manifest, `${file}: the manifest`)
  const { name, namespace } = object(metadata, `${file}: metadata`)
  if (typeof kind !== 'string' || typeof name !== 'string') throw new Error(`${file}: kind and name must be there`)
  const common = { file, kind, name, namespace: typeof namespace === 'string' ? namespace : 'default' }
  if (kind === 'Pod') return { ...common, pod: podOf(metadata, spec, { name }) }
  const template = object(object(spec, `${file}: spec`)['template'], `${file}: spec.template`)
  const owner = ownerOf(kind, name)
  return { ...common, pod: podOf(template['metadata'], template['spec'], owner.metadata, common.namespace) }
}

function ownerOf(kind: string, name: string): { readonly metadata: JsonObject } {
  // A Deployment's pods belong to a ReplicaSet, whose name ends in a hash of the template.
  const owner = kind === 'Deployment' ? { kind: 'ReplicaSet', name: `${name}-6d5f8c7b9` } : { kind, name }
  const apiVersion = kind === 'Job' ? 'batch/v1' : 'apps/v1'
  return {
    metadata: {
      ...(kind === 'StatefulSet' ? { name: `${name}-0` } : {}),
      generateName: `${owner.name}-`,
      ownerReferences: [{ apiVersion, ...owner, uid: '00000000-0000-4000-8000-000000000000', controller: true }],
    },
  }
}

function podOf(metadata: unknown, spec: unknown, own: JsonObject, namespace = 'default'): JsonObject {
  const given = isObject(metadata) ? metadata : {}
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace, ...given, ...own },
    spec: withDefaults(object(spec, 'spec')),
  }
}

function withDefaults(spec: JsonObject): JsonObject {
  const defaults = { restartPolicy: 'Always', terminationGracePeriodSeconds: 30, dnsPolicy: 'ClusterFirst' }
  return { ...defaults, ...spec }
}

/** The AdmissionReview that an API server sends for the creation of a pod. */
export function reviewOf(example: Example, uid: string): Json {
  const kind = { group: '', version: 'v1', kind: 'Pod' }
  const resource = { group: '', version: 'v1', resource: 'pods' }
  return {
    apiVersion: 'admission.k8s.io/v1',
    kind: 'AdmissionReview',
    request: {
      uid,
      kind,
      resource,
      requestKind: kind,
      requestResource: resource,
      namespace: example.namespace,
      operation: 'CREATE',
      userInfo: { username: 'system:serviceaccount:kube-system:controller' },
      object: example.pod,
      oldObject: null,
      dryRun: false,
    },
  }
}

function object(value: unknown, what: string): JsonObject {
  if (!isObject(value)) throw new Error(`${what} is not an object`)
  return value
}
