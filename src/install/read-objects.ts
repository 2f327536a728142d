import { nameLabel, usherName } from '../check/installation.ts'
import { named, objectsAt, textAt } from '../check/json-paths.ts'
import type { JsonObject } from '../units/json.ts'
import { chartKindOf, chartKinds } from './chart-kinds.ts'
import { type ChartObject, objectNamespace, objectPath, titleOf } from './chart-object.ts'

/** What is to be installed: the objects in the order in which they are put in, and the namespace that they are in. */
export interface WantedObjects {
  readonly objects: readonly ChartObject[]
  readonly namespace: string
}

/** Objects that usher's chart has rendered; or why they are none of it, each in a sentence. */
export type ReadObjects = ({ readonly kind: 'read' } & WantedObjects) | { readonly kind: 'faulty'; readonly faults: readonly string[] }

/** Sorts what a manifest holds. What could not be found again to be taken out is not taken. */
export function readObjects(bodies: readonly JsonObject[]): ReadObjects {
  const faults: string[] = []
  const objects = bodies.flatMap((body) => {
    const read = readOne(body)
    if ('fault' in read) faults.push(read.fault)
    return 'fault' in read ? [] : [read]
  })
  if (faults.length > 0) return { kind: 'faulty', faults }
  const namespaces = [...new Set(objects.flatMap((each) => objectNamespace(each) ?? []))].toSorted()
  const [namespace, second] = namespaces
  if (namespace === undefined || !isWhole(objects)) {
    return { kind: 'faulty', faults: ["there is no usher in it: no Deployment of the webhook, with its MutatingWebhookConfiguration; helm template usher … renders usher's chart"] }
  }
  if (second !== undefined) faults.push(`its objects are in several namespaces: ${namespaces.join(', ')}; usher is in one`)
  faults.push(...faultsAmong(objects, namespace))
  return faults.length > 0 ? { kind: 'faulty', faults } : { kind: 'read', objects: inOrder(objects), namespace }
}

function readOne(body: JsonObject): ChartObject | { readonly fault: string } {
  const kind = chartKindOf(body['apiVersion'], body['kind'])
  const title = `${textAt(body, 'kind') ?? 'an object without a kind'} ${textAt(body, 'metadata', 'name') ?? ''}`.trimEnd()
  if (kind === undefined) return { fault: `${title}: usher's chart has no such object (${textAt(body, 'apiVersion') ?? 'no apiVersion'}); apply it by itself` }
  if (textAt(body, 'metadata', 'name') === undefined) return { fault: `${title} has no name` }
  if (textAt(body, 'metadata', 'labels', nameLabel) !== usherName) return { fault: `${title} has not the label ${nameLabel}: ${usherName}, by which usher uninstall finds it` }
  if (kind.isNamespaced && textAt(body, 'metadata', 'namespace') === undefined) return { fault: `${title} is in no namespace; render the chart with --namespace` }
  return { kind, body }
}

function isWhole(objects: readonly ChartObject[]): boolean {
  const hasWebhook = objects.some(({ kind, body }) => kind.kind === 'Deployment' && named(objectsAt(body, 'spec', 'template', 'spec', 'containers'), 'webhook') !== undefined)
  return hasWebhook && objects.some(({ kind }) => kind.kind === 'MutatingWebhookConfiguration')
}

function faultsAmong(objects: readonly ChartObject[], namespace: string): readonly string[] {
  const paths = objects.map(objectPath)
  const twice = objects.filter((_, index) => paths.indexOf(paths[index] ?? '') !== index)
  const stray = objects.filter(({ kind, body }) => kind.kind === 'Namespace' && textAt(body, 'metadata', 'name') !== namespace)
  return [...twice.map((each) => `${titleOf(each)} is in it twice`), ...stray.map((each) => `${titleOf(each)} is not the namespace of the others, which are in ${namespace}`)]
}

/** In the order of their kinds, and of their names. */
export function inOrder(objects: readonly ChartObject[]): readonly ChartObject[] {
  return objects.toSorted((left, right) => chartKinds.indexOf(left.kind) - chartKinds.indexOf(right.kind) || (titleOf(left) < titleOf(right) ? -1 : 1))
}
