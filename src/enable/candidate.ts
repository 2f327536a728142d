import { at, objectsAt, textAt } from '../check/json-paths.ts'
import type { Controller } from '../inject/pod.ts'
import { revert } from '../inject/revert.ts'
import { patched, valueAt } from '../manifest/patch-data.ts'
import { workloadsIn } from '../manifest/workloads.ts'
import { isObject, type Json, type JsonObject } from '../units/json.ts'

/** Something that makes pods, and a pod as it would make it. */
export interface Candidate {
  readonly kind: string
  readonly name: string
  /** To be created; its name is left to the API server. */
  readonly pod: JsonObject
  /** The same where pods differ by nothing but their names: one of them stands for all. */
  readonly key: string
  /** From where the pod is known: a template, of which new pods are made; or a pod that runs, with a controller that has none, or without any. */
  readonly source: 'template' | 'running' | 'bare'
}

const apiVersions: Readonly<Record<string, string>> = { ReplicationController: 'v1', Job: 'batch/v1' }

/**
 * The pod that a workload's controller would make, but for what differs from pod to pod: names, and the node of a
 * DaemonSet's pod.
 *
 * @param object with apiVersion and kind, which lists of the API server leave out; undefined: it has no template.
 */
export function candidateOf(object: JsonObject): Candidate | undefined {
  const [workload] = workloadsIn(object)
  if (workload === undefined || !('template' in workload) || workload.controller === undefined) return undefined
  const { kind, name, controller } = workload
  const template = valueAt(object, workload.template)
  if (!isObject(template)) return undefined
  const spec = kind === 'StatefulSet' ? specOfMember(object, name, template['spec']) : template['spec']
  const metadata = metadataOf(template['metadata'])
  return {
    kind,
    name,
    pod: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { generateName: `${name}-`, ...metadata, ownerReferences: [ownerOf(controller, textAt(object, 'metadata', 'uid') ?? noUid)] },
      spec: spec ?? null,
    },
    key: JSON.stringify([controller.kind, withoutJobLabels(metadata), template['spec'] ?? null]),
    source: 'template',
  }
}

// Of what is not there yet: an empty one is refused.
const noUid = '00000000-0000-0000-0000-000000000000'

function ownerOf({ kind, name }: Controller, uid: string): JsonObject {
  return { apiVersion: apiVersions[kind] ?? 'apps/v1', kind, name, uid, controller: true }
}

function metadataOf(metadata: unknown): JsonObject {
  const kept = ['labels', 'annotations', 'finalizers'].map((field): readonly [string, Json | undefined] => [field, isObject(metadata) ? metadata[field] : undefined])
  return Object.fromEntries(kept.filter(([, value]) => value !== undefined))
}

// Of each Job its own: the API server puts them into its template.
const jobLabels = ['controller-uid', 'job-name', 'batch.kubernetes.io/controller-uid', 'batch.kubernetes.io/job-name']

function withoutJobLabels(metadata: JsonObject): JsonObject {
  const { labels } = metadata
  if (!isObject(labels)) return metadata
  return { ...metadata, labels: Object.fromEntries(Object.entries(labels).filter(([key]) => !jobLabels.includes(key))) }
}

/** Its containers mount the claims, which are no volumes of the template. */
function specOfMember(set: JsonObject, name: string, spec: Json | undefined): Json | undefined {
  if (!isObject(spec)) return spec
  const claims = objectsAt(set, 'spec', 'volumeClaimTemplates').flatMap((each) => textAt(each, 'metadata', 'name') ?? [])
  const others = objectsAt(spec, 'volumes').filter((volume) => !claims.some((claim) => volume['name'] === claim))
  const volumes = [...others, ...claims.map((claim) => ({ name: claim, persistentVolumeClaim: { claimName: `${claim}-${name}-0` } }))]
  const service = textAt(set, 'spec', 'serviceName')
  return { ...spec, hostname: `${name}-0`, ...(service === undefined ? {} : { subdomain: service }), ...(volumes.length === 0 ? {} : { volumes }) }
}

/** A pod that runs, as it was asked for, as far as that can be told: what usher, the scheduler and the API server put in is taken out. */
export function candidateOfPod(running: JsonObject, owner: Controller | undefined): Candidate {
  const name = textAt(running, 'metadata', 'name') ?? ''
  const reversal = revert(running)
  const before = reversal.kind === 'revert' ? patched(running, reversal.patch) : running
  const metadata = at(before, 'metadata')
  const owners = isObject(metadata) ? metadata['ownerReferences'] : undefined
  const kept = metadataOf(metadata)
  const spec = specAsAsked(at(before, 'spec'))
  return {
    kind: owner?.kind ?? 'Pod',
    name: owner?.name ?? name,
    pod: {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { generateName: `${name}-`, ...kept, ...(owners === undefined ? {} : { ownerReferences: owners }) },
      spec,
    },
    key: JSON.stringify([owner?.kind ?? null, kept, spec]),
    source: owner === undefined ? 'bare' : 'running',
  }
}

// Set by others, and not to be set by whoever creates a pod; a priority that does not fit its class is rejected.
const setByOthers: ReadonlySet<string> = new Set(['nodeName', 'ephemeralContainers', 'priority', 'preemptionPolicy', 'overhead'])

function isApiAccess({ name }: JsonObject): boolean {
  return typeof name === 'string' && name.startsWith('kube-api-access-')
}

function specAsAsked(spec: unknown): JsonObject {
  if (!isObject(spec)) return {}
  const unmounted = (field: 'containers' | 'initContainers'): Json =>
    objectsAt(spec, field).map((container) => {
      if (!Array.isArray(container['volumeMounts'])) return container
      return { ...container, volumeMounts: objectsAt(container, 'volumeMounts').filter((mount) => !isApiAccess(mount)) }
    })
  return {
    ...Object.fromEntries(Object.entries(spec).filter(([field]) => !setByOthers.has(field))),
    containers: unmounted('containers'),
    ...(Array.isArray(spec['initContainers']) ? { initContainers: unmounted('initContainers') } : {}),
    ...(Array.isArray(spec['volumes']) ? { volumes: objectsAt(spec, 'volumes').filter((volume) => !isApiAccess(volume)) } : {}),
  }
}
