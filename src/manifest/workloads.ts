import type { Controller } from '../inject/pod.ts'
import { isObject, type JsonObject } from '../units/json.ts'
import type { Step } from './place.ts'

/** An object with a pod template, or a pod itself. */
export interface Workload {
  readonly kind: string
  readonly name: string
  /** Undefined: that of whoever applies it. */
  readonly namespace: string | undefined
  /** The steps to the object in its document, and from there to what has the pod's metadata and spec. */
  readonly at: readonly Step[]
  readonly template: readonly Step[]
  /** What will control the pods; undefined for a pod. */
  readonly controller: Controller | undefined
}

/** Something that a reader of a manifest may want to know though it is not wrong. */
export interface Note {
  readonly at: readonly Step[]
  readonly text: string
  /** Whether it is mostly as it should be: a folder of manifests has other files, too. */
  readonly isUsual?: boolean
}

interface Kind {
  readonly group: '' | 'apps' | 'batch'
  readonly template: readonly Step[]
  /** The kind of the pods' controller, where it is another one. */
  readonly controller?: string
}

const inSpec = ['spec', 'template'] as const

const kinds: Readonly<Record<string, Kind>> = {
  Pod: { group: '', template: [] },
  ReplicationController: { group: '', template: inSpec },
  Deployment: { group: 'apps', template: inSpec, controller: 'ReplicaSet' },
  StatefulSet: { group: 'apps', template: inSpec },
  ReplicaSet: { group: 'apps', template: inSpec },
  DaemonSet: { group: 'apps', template: inSpec },
  Job: { group: 'batch', template: inSpec },
  CronJob: { group: 'batch', template: ['spec', 'jobTemplate', ...inSpec], controller: 'Job' },
}

/** Whether there may be something to say of an object of this kind. */
export function isOfInterest(apiVersion: unknown, kind: unknown): boolean {
  if (typeof apiVersion !== 'string' || typeof kind !== 'string') return true
  return Object.hasOwn(kinds, kind) || kind.endsWith('List') || looksMisspelt(kind, groupOf(apiVersion))
}

/** The workloads in a document's data: the object itself, or what a List holds, in the order of the text. */
export function* workloadsIn(object: unknown, at: readonly Step[] = []): Iterable<Workload | Note> {
  if (!isObject(object)) return
  const { apiVersion, kind, items } = object
  if (typeof kind !== 'string' || typeof apiVersion !== 'string') {
    yield { at, text: 'it has no apiVersion or no kind, and passes unchanged', isUsual: true }
  } else if (kind.endsWith('List') && Array.isArray(items)) {
    // In a list such as a DeploymentList, the elements need not name their kind.
    const ofItems = { apiVersion, kind: kind.slice(0, -'List'.length) }
    for (const [index, item] of items.entries()) {
      const named = ofItems.kind !== '' && isObject(item) ? { ...ofItems, ...item } : item
      yield* workloadsIn(named, [...at, 'items', index])
    }
  } else if (Object.hasOwn(kinds, kind)) yield asWorkload(object, kind, apiVersion, at)
  else if (looksMisspelt(kind, groupOf(apiVersion))) {
    const known = Object.keys(kinds).join(', ')
    yield { at, text: `${kind} of ${apiVersion} is not a kind with pods that usher knows (${known}); it passes unchanged` }
  }
}

function groupOf(apiVersion: string): string {
  const slash = apiVersion.indexOf('/')
  return slash < 0 ? '' : apiVersion.slice(0, slash)
}

function looksMisspelt(kind: string, group: string): boolean {
  if (group === 'apps' || group === 'batch') return kind !== 'ControllerRevision'
  return group === '' && Object.keys(kinds).some((known) => known.toLowerCase() === kind.toLowerCase())
}

function asWorkload(object: JsonObject, kind: string, apiVersion: string, at: readonly Step[]): Workload | Note {
  const { group, template, controller } = kinds[kind] ?? { group: '', template: [] }
  if (groupOf(apiVersion) !== group) {
    return { at, text: `${kind} is of ${group === '' ? 'v1' : `${group}/v1`}, not of ${apiVersion}; it passes unchanged` }
  }
  const metadata = isObject(object['metadata']) ? object['metadata'] : {}
  const { name, generateName, namespace } = metadata
  const named = typeof name === 'string' ? name : typeof generateName === 'string' ? `${generateName}*` : '(no name)'
  return {
    kind,
    name: named,
    namespace: typeof namespace === 'string' && namespace !== '' ? namespace : undefined,
    at,
    template,
    controller: kind === 'Pod' ? undefined : { kind: controller ?? kind, name: named },
  }
}
