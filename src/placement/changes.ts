import { isObject, isSame, type Json, type JsonObject } from '../units/json.ts'

/** A field that would not be what it is. Undefined: it is not there. */
export interface FieldChange {
  /** `spec.template.spec.containers[web].image` */
  readonly path: string
  readonly before?: Json
  readonly after?: Json
}

// Written at any moment, and by others than who applies.
const passing: ReadonlySet<string> = new Set(['managedFields', 'resourceVersion', 'generation', 'uid', 'creationTimestamp', 'selfLink'])
const lastApplied = 'kubectl.kubernetes.io/last-applied-configuration'

// What is behind these stays hidden, even from who may read it.
const hidden = '(hidden)'

/**
 * In which fields an object would differ from what it is, in the order of their paths; by what the API server has of it, and
 * what it answers to a dry run. The values of a Secret are not among them, only that they change.
 */
export function changesBetween(before: JsonObject, after: JsonObject): readonly FieldChange[] {
  const found: FieldChange[] = []
  compare('', lastingOf(before), lastingOf(after), found)
  const isSecret = after['kind'] === 'Secret'
  return found.map((change) => (isSecret && /^(?:data|stringData)\b/.test(change.path) ? masked(change) : change)).toSorted((left, right) => (left.path < right.path ? -1 : left.path > right.path ? 1 : 0))
}

function lastingOf({ apiVersion: _apiVersion, kind: _kind, status: _status, metadata, ...rest }: JsonObject): JsonObject {
  if (!isObject(metadata)) return rest
  const kept = Object.fromEntries(Object.entries(metadata).filter(([key]) => !passing.has(key)))
  const { annotations } = kept
  if (!isObject(annotations)) return { ...rest, metadata: kept }
  const { [lastApplied]: _applied, ...others } = annotations
  return { ...rest, metadata: { ...kept, annotations: others } }
}

function compare(path: string, before: Json | undefined, after: Json | undefined, found: FieldChange[]): void {
  if (isSame(before, after)) return
  const [left, right] = [partsOf(before), partsOf(after)]
  if (left === undefined || right === undefined) {
    if (isNothing(before) && isNothing(after)) return
    found.push({ path, ...(before === undefined ? {} : { before }), ...(after === undefined ? {} : { after }) })
    return
  }
  for (const key of new Set([...left.keys(), ...right.keys()])) compare(joined(path, key), left.get(key), right.get(key), found)
}

/** An empty map says no more than none. */
function isNothing(value: Json | undefined): boolean {
  return value === undefined || value === null || (isObject(value) && Object.keys(value).length === 0) || (Array.isArray(value) && value.length === 0)
}

/** The parts of an object, and of a list whose elements have names; undefined: it is compared as a whole. */
function partsOf(value: Json | undefined): ReadonlyMap<string, Json | undefined> | undefined {
  if (isObject(value)) return new Map(Object.entries(value).map(([key, each]) => [`.${key}`, each]))
  if (!Array.isArray(value)) return undefined
  const parts = new Map<string, Json | undefined>()
  for (const each of value) {
    const name: unknown = isObject(each) ? each['name'] : undefined
    if (typeof name !== 'string' || parts.has(`[${name}]`)) return undefined
    parts.set(`[${name}]`, each)
  }
  return parts.size === 0 ? undefined : parts
}

function joined(path: string, key: string): string {
  if (path === '') return key.replace(/^\./, '')
  return /^\.[^.\s[\]]+$/.test(key) || key.startsWith('[') ? path + key : `${path}[${key.slice(1)}]`
}

function masked({ path, before, after }: FieldChange): FieldChange {
  return { path, ...(before === undefined ? {} : { before: hidden }), ...(after === undefined ? {} : { after: hidden }) }
}
