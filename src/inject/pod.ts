import { isAbsent, isObject, isStringMap, type JsonObject } from '../units/json.ts'

/** The API server's default where a pod names no grace period, in seconds. */
export const defaultGraceSeconds = 30

/** One container as it stands in the pod. */
export interface ContainerFacts {
  readonly name: string
  readonly index: number
  readonly raw: JsonObject
}

/** What the decision reads of a pod, checked once. The raw objects stay as they came. */
export interface PodFacts {
  /** A pod template may have none. */
  readonly metadata: JsonObject | null | undefined
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: JsonObject
  /** At least one. */
  readonly containers: readonly [ContainerFacts, ...ContainerFacts[]]
  readonly initContainers: readonly ContainerFacts[]
  readonly volumes: readonly JsonObject[]
  readonly controller: Controller | undefined
}

/** The owner that controls a pod, such as a ReplicaSet. */
export interface Controller {
  readonly kind: string
  readonly name: string
}

/** Says what is wrong with a pod that the API server would not accept. */
export interface MalformedPod {
  readonly malformed: string
}

const none: Readonly<Record<string, string>> = {}
const containerName = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/

/**
 * Reads a pod, or a pod template, from its raw JSON. Never throws.
 *
 * @param controller of a template's pods; a pod names its own.
 */
export function readPod(raw: unknown, controller?: Controller): PodFacts | MalformedPod {
  if (!isObject(raw)) return { malformed: 'the object is not a JSON object' }
  const { metadata, spec } = raw
  if (!isAbsent(metadata) && !isObject(metadata)) return { malformed: 'metadata is not an object' }
  if (!isObject(spec)) return { malformed: 'spec is not an object' }

  const annotations = readStrings(metadata?.['annotations'])
  if (annotations === undefined) return { malformed: `metadata.annotations ${whyNoStrings(metadata?.['annotations'])}` }
  const labels = readStrings(metadata?.['labels'])
  if (labels === undefined) return { malformed: `metadata.labels ${whyNoStrings(metadata?.['labels'])}` }

  const names = new Set<string>()
  const containers = readContainers(spec['containers'], names)
  if (typeof containers === 'string') return { malformed: `spec.containers ${containers}` }
  const initContainers = readContainers(spec['initContainers'], names)
  if (typeof initContainers === 'string') return { malformed: `spec.initContainers ${initContainers}` }
  const [first, ...rest] = containers
  if (first === undefined) return { malformed: `spec.containers is ${isAbsent(spec['containers']) ? 'not there' : 'empty'}` }

  const volumes = readObjects(spec['volumes'])
  if (volumes === undefined) return { malformed: 'spec.volumes is not a list of objects' }
  if (!isAbsent(spec['securityContext']) && !isObject(spec['securityContext'])) {
    return { malformed: 'spec.securityContext is not an object' }
  }
  return {
    metadata,
    labels,
    annotations,
    spec,
    containers: [first, ...rest],
    initContainers,
    volumes,
    controller: controller ?? readController(metadata?.['ownerReferences']),
  }
}

function readStrings(value: unknown): Readonly<Record<string, string>> | undefined {
  if (isAbsent(value)) return none
  return isStringMap(value) ? value : undefined
}

function whyNoStrings(value: unknown): string {
  const key = isObject(value) ? Object.keys(value).find((each) => typeof value[each] !== 'string') : undefined
  return key === undefined ? 'is not a map of strings' : `is not a map of strings: the value of ${shortKey(key)} is none (quotes make it one)`
}

// The longest that the API server would take: a DNS name, a slash, and a name.
function shortKey(key: string): string {
  return JSON.stringify(key.length > 317 ? `${key.slice(0, 317).toWellFormed()}…` : key.toWellFormed())
}

/** The containers of a list, or what is wrong with it. `names` collects what has been seen in the pod. */
function readContainers(value: unknown, names: Set<string>): ContainerFacts[] | string {
  if (isAbsent(value)) return []
  if (!Array.isArray(value)) return 'is not a list'
  const containers: ContainerFacts[] = []
  for (const [index, raw] of value.entries()) {
    if (!isObject(raw)) return `has an element ${index} that is not an object`
    const name = raw['name']
    if (isAbsent(name)) return `has an element ${index} without a name`
    if (typeof name !== 'string' || !containerName.test(name)) {
      return `has an element ${index} whose name is not a DNS label`
    }
    if (names.has(name)) return `has an element ${index} whose name is taken`
    names.add(name)
    const wrong = oddField(raw)
    if (wrong !== undefined) return `has an element ${index} whose ${wrong}`
    containers.push({ name, index, raw })
  }
  return containers
}

/** Of the fields that the decision reads or changes, the first that has the wrong shape. */
function oddField(container: JsonObject): string | undefined {
  for (const field of objectFields) {
    const value = container[field]
    if (value !== undefined && value !== null && !isObject(value)) return `${field} is not an object`
  }
  const mounts = container['volumeMounts']
  if (mounts !== undefined && readObjects(mounts) === undefined) return 'volumeMounts is not a list of objects'
  return undefined
}

const objectFields = ['lifecycle', 'livenessProbe', 'startupProbe', 'resources', 'securityContext'] as const

function readObjects(value: unknown): readonly JsonObject[] | undefined {
  if (isAbsent(value)) return []
  if (!Array.isArray(value)) return undefined
  return value.every(isObject) ? value : undefined
}

function readController(value: unknown): Controller | undefined {
  if (!Array.isArray(value)) return undefined
  for (const owner of value) {
    if (!isObject(owner) || owner['controller'] !== true) continue
    const { kind, name } = owner
    return { kind: typeof kind === 'string' ? kind : '', name: typeof name === 'string' ? name : '' }
  }
  return undefined
}
