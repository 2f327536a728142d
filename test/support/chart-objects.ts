import { chartManifest } from '../../src/cli/chart-manifest.ts'
import { readManifests, textSource } from '../../src/cli/read-manifests.ts'
import { type ChartObject, objectName } from '../../src/install/chart-object.ts'
import { readObjects, type WantedObjects } from '../../src/install/read-objects.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { objectAt } from './pod-reader.ts'

/** The objects of deploy/usher.yaml, as they stand there. */
export async function shippedBodies(): Promise<readonly JsonObject[]> {
  return readManifests([textSource('usher.yaml', await chartManifest())])
}

/** The objects of deploy/usher.yaml, as they are put in. */
export async function shippedObjects(): Promise<WantedObjects> {
  const read = readObjects(await shippedBodies())
  if (read.kind !== 'read') throw new Error(read.faults.join('\n'))
  return read
}

/** The object of a kind and name. */
export function objectNamed(objects: readonly ChartObject[], kind: string, name: string): ChartObject {
  const found = objects.find((each) => each.kind.kind === kind && objectAt(each.body, 'metadata')['name'] === name)
  if (found === undefined) throw new Error(`there is no ${kind} ${name}`)
  return found
}

/** An object as the API server has it when these have put it in: `NAME` by an update, `NAME:Apply` by server-side apply. */
export function managedBy(object: ChartObject, managers: readonly string[], metadata: JsonObject = {}): ChartObject {
  const managedFields = managers.map((each) => {
    const [manager = '', operation = 'Update'] = each.split(':')
    return { manager, operation, apiVersion: object.kind.apiVersion, time: '2026-11-25T12:00:00Z', fieldsType: 'FieldsV1', fieldsV1: { 'f:metadata': { 'f:labels': { [`f:${manager}`]: {} } } } }
  })
  return { ...object, body: { ...object.body, metadata: { ...objectAt(object.body, 'metadata'), uid: `uid-${objectName(object)}`, resourceVersion: '7', ...metadata, managedFields } } }
}
