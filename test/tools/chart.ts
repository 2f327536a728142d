import { parseAllDocuments } from 'yaml'
import { newest } from '../../deploy/render.ts'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { objectAt, shown } from '../support/pod-reader.ts'
import type { GroupName } from '../go-tools/tool-groups.ts'

/** Both Helms that people have. */
export const helms: readonly GroupName[] = ['helm3', 'helm']

/** Renders usher's chart as `usher` in `usher-system`; flags may follow. */
export const template = `helm template usher ../../deploy/chart --namespace usher-system ${newest().join(' ')}`

/** The objects of what Helm has rendered. */
export function objectsIn(text: string): readonly JsonObject[] {
  return parseAllDocuments(text).map((document): unknown => document.toJS()).filter(isObject)
}

/** `Kind name` of each object, sorted. */
export function namesOf(objects: readonly JsonObject[]): readonly string[] {
  return objects.map((object) => `${shown(object['kind'])} ${shown(objectAt(object, 'metadata')['name'])}`).toSorted()
}
