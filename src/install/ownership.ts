import { nameLabel } from '../check/installation.ts'
import { at, objectsAt, textAt } from '../check/json-paths.ts'
import { prefix } from '../inject/names.ts'
import { isObject, type JsonObject } from '../units/json.ts'
import type { ChartObject } from './chart-object.ts'

/** As whom `usher install` applies: by that, the API server itself keeps the record of what was put in. */
export const fieldManager = 'usher-install'

/** On a namespace that was not there before; the record of fields does not tell who has created what. */
export const createdByKey = `${prefix}created-by`

/** Whether `usher install` has put an object in, or at least some fields of it. */
export function isOurs(body: JsonObject): boolean {
  return objectsAt(body, 'metadata', 'managedFields').some(isOurEntry)
}

/** Which fields of an object are ours, as the API server writes it down; undefined: none. */
export function ownFieldsOf(body: JsonObject): unknown {
  return objectsAt(body, 'metadata', 'managedFields').find(isOurEntry)?.['fieldsV1']
}

/** Whether a namespace is there because of `usher install`. */
export function isCreatedByUs(namespace: JsonObject): boolean {
  return isOurs(namespace) && textAt(namespace, 'metadata', 'annotations', createdByKey) === fieldManager
}

/** A namespace, marked as one that was not there before. */
export function markCreated(namespace: JsonObject): JsonObject {
  const metadata = isObject(namespace['metadata']) ? namespace['metadata'] : {}
  const annotations = isObject(metadata['annotations']) ? metadata['annotations'] : {}
  return { ...namespace, metadata: { ...metadata, annotations: { ...annotations, [createdByKey]: fieldManager } } }
}

/** A release of Helm. */
export interface HelmRelease {
  readonly name: string
  readonly namespace: string
}

/** The release of Helm that an object belongs to. */
export function helmReleaseOf(body: JsonObject): HelmRelease | undefined {
  const name = textAt(body, 'metadata', 'annotations', 'meta.helm.sh/release-name')
  const namespace = textAt(body, 'metadata', 'annotations', 'meta.helm.sh/release-namespace')
  return name === undefined || namespace === undefined ? undefined : { name, namespace }
}

// They change what others have put in: the webhook its CA, controllers what they are there for.
const changers = ['usher', 'kube-controller-manager', 'kube-apiserver']

/** Who else has put an object in, by the names that the API server knows; those who only write its status are none of them. */
export function othersOf(body: JsonObject): readonly string[] {
  const others = objectsAt(body, 'metadata', 'managedFields').filter((entry) => !isOurEntry(entry) && textAt(entry, 'subresource') === undefined)
  return [...new Set(others.map((entry) => textAt(entry, 'manager') ?? 'somebody'))].filter((name) => !changers.includes(name))
}

// Who writes one of these has put in all of it: the label as whoever applies a manifest of usher to the server does; the
// annotations as kubectl and Argo CD do, of whom there is no more to be seen where nothing has changed by it.
const marksOfWhole: readonly (readonly string[])[] = [
  ['f:labels', `f:${nameLabel}`],
  ['f:annotations', 'f:kubectl.kubernetes.io/last-applied-configuration'],
  ['f:annotations', 'f:argocd.argoproj.io/tracking-id'],
]

/** Who else has put in all of an object, not only a field or two of it: it is theirs as well. */
export function ownersBesides(body: JsonObject): readonly string[] {
  const entries = objectsAt(body, 'metadata', 'managedFields').filter((entry) => marksOfWhole.some((path) => at(entry, 'fieldsV1', 'f:metadata', ...path) !== undefined))
  return othersOf({ metadata: { managedFields: entries } })
}

/** Which fields are whose is kept as an object of objects. */
type FieldSet = Readonly<Record<string, unknown>>

/**
 * A JSON Patch that makes the fields of kubectl ours, so that those which are not applied any more go; they would stay
 * for as long as another one has them, too. Undefined where kubectl has none; and of a namespace, which is its admin's: of
 * that, only what the chart has is ever ours.
 */
export function takeOver({ kind, body }: ChartObject): readonly object[] | undefined {
  if (kind.kind === 'Namespace') return undefined
  const entries = objectsAt(body, 'metadata', 'managedFields')
  const taken = entries.filter(isOfKubectl)
  const [first] = taken
  if (first === undefined) return undefined
  const fields = [...taken, ...entries.filter(isOurEntry)].reduce<FieldSet>((all, entry) => union(all, fieldsOf(entry)), {})
  const ours = { manager: fieldManager, operation: 'Apply', apiVersion: first['apiVersion'], time: first['time'], fieldsType: 'FieldsV1', fieldsV1: fields }
  return [
    { op: 'replace', path: '/metadata/managedFields', value: [...entries.filter((entry) => !taken.includes(entry) && !isOurEntry(entry)), ours] },
    // Refused where somebody was faster.
    { op: 'replace', path: '/metadata/resourceVersion', value: at(body, 'metadata', 'resourceVersion') },
  ]
}

function isOurEntry(entry: JsonObject): boolean {
  return entry['manager'] === fieldManager && entry['operation'] === 'Apply'
}

function isOfKubectl(entry: JsonObject): boolean {
  const manager = textAt(entry, 'manager') ?? ''
  return textAt(entry, 'subresource') === undefined && (/^kubectl(?:-|$)/.test(manager) || manager === 'before-first-apply')
}

function fieldsOf({ fieldsV1 }: JsonObject): FieldSet {
  return isObject(fieldsV1) ? fieldsV1 : {}
}

function union(left: FieldSet, right: FieldSet): FieldSet {
  const both = Object.entries(right).map(([key, value]) => {
    const own = left[key]
    return [key, isObject(own) && isObject(value) ? union(own, value) : value]
  })
  return { ...left, ...Object.fromEntries(both) }
}
