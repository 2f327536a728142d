import { isCount, isObject, type Json, type JsonObject, objectsOf } from '../units/json.ts'
import type { Resource } from './collections.ts'
import { dependsOnKey } from './dependency.ts'

/** What of an object counts for the judgement, and nothing else of it: there may be many, and they are kept. */
export type Observed = ObservedEndpoints | ObservedWorkload | ObservedJob

/** An EndpointSlice. */
export interface ObservedEndpoints {
  readonly kind: 'endpoints'
  readonly ready: number
  readonly total: number
  /** Uids of the pods behind those that are not ready. */
  readonly unready: readonly string[]
}

interface ObservedTemplate {
  readonly namespace: string
  readonly name: string
  /** Whether it is a job of usher's. */
  readonly isLabelled: boolean
  /** The annotation of its own pods; undefined: none, or that of their namespace. */
  readonly dependsOn: string | undefined
}

/** A workload that is to stay. */
export interface ObservedWorkload extends ObservedTemplate {
  readonly kind: 'deployment' | 'statefulset' | 'daemonset'
  readonly wanted: number
  readonly ready: number
  /** Whether the numbers are of the object as it is now. */
  readonly isObserved: boolean
}

/** A Job of Kubernetes. */
export interface ObservedJob extends ObservedTemplate {
  readonly kind: 'job'
  readonly isComplete: boolean
  readonly hasFailed: boolean
  readonly succeeded: number
  readonly completions: number
}

/** Reads an object of a collection. Undefined where it is none that Kubernetes would have stored. */
export function observe(resource: Resource, object: JsonObject): Observed | undefined {
  if (resource === 'endpointslices') return observeEndpoints(object)
  const { metadata, spec, status } = object
  if (!isObject(metadata) || !isObject(spec)) return undefined
  const { namespace, name, labels } = metadata
  if (typeof namespace !== 'string' || typeof name !== 'string') return undefined
  const template = {
    namespace,
    name,
    isLabelled: isObject(labels) && typeof labels['usher.dev/job'] === 'string',
    dependsOn: annotationOf(spec['template']),
  }
  const said = isObject(status) ? status : {}
  if (resource === 'jobs') return { kind: 'job', ...template, ...observeJob(spec, said) }
  const isObserved = count(said['observedGeneration']) >= count(metadata['generation'])
  if (resource === 'daemonsets') {
    return { kind: 'daemonset', ...template, isObserved, wanted: count(said['desiredNumberScheduled']), ready: count(said['numberReady']) }
  }
  const kind = resource === 'deployments' ? 'deployment' : 'statefulset'
  return { kind, ...template, isObserved, wanted: count(spec['replicas'], 1), ready: count(said['readyReplicas']) }
}

function observeEndpoints({ endpoints }: JsonObject): ObservedEndpoints {
  const all = objectsOf(endpoints)
  const unready = all.filter((endpoint) => !isReady(endpoint))
  return { kind: 'endpoints', total: all.length, ready: all.length - unready.length, unready: unready.flatMap(uidOf) }
}

/** As discovery/v1 has it: a condition that is not known counts as ready. */
function isReady({ conditions }: JsonObject): boolean {
  return !isObject(conditions) || conditions['ready'] !== false
}

function uidOf({ targetRef }: JsonObject): readonly string[] {
  const uid = isObject(targetRef) ? targetRef['uid'] : undefined
  return typeof uid === 'string' ? [uid] : []
}

function observeJob(spec: JsonObject, status: JsonObject): Pick<ObservedJob, 'isComplete' | 'hasFailed' | 'succeeded' | 'completions'> {
  const has = (type: string): boolean => objectsOf(status['conditions']).some((each) => each['type'] === type && each['status'] === 'True')
  return { isComplete: has('Complete'), hasFailed: has('Failed'), succeeded: count(status['succeeded']), completions: count(spec['completions'], 1) }
}

function annotationOf(template: Json | undefined): string | undefined {
  const metadata = isObject(template) ? template['metadata'] : undefined
  const annotations = isObject(metadata) ? metadata['annotations'] : undefined
  const text = isObject(annotations) ? annotations[dependsOnKey] : undefined
  return typeof text === 'string' ? text : undefined
}

function count(value: unknown, absent = 0): number {
  return isCount(value) ? value : absent
}
