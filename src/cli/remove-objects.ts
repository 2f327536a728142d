import { at } from '../check/json-paths.ts'
import { type ChartObject, objectName, objectPath } from '../install/chart-object.ts'
import { fieldManager } from '../install/ownership.ts'
import { type Applying, failureOf } from './apply-objects.ts'
import type { Asker } from './asker.ts'

/** With what objects are taken away. */
export type Removing = Pick<Applying, 'admin' | 'asker'>

/** Takes an object away; where it is gone already, that is well. Throws with the object's name. */
export async function deleteObject({ admin, asker }: Removing, object: ChartObject, isDryRun: boolean): Promise<void> {
  const uid = at(object.body, 'metadata', 'uid')
  // What is there by that name since then is somebody else's. Controllers take away what it owns.
  // The API server reads either the body or the query, and of the query nothing where there is a body.
  const options = { apiVersion: 'v1', kind: 'DeleteOptions', propagationPolicy: 'Background', ...(typeof uid === 'string' ? { preconditions: { uid } } : {}), ...(isDryRun ? { dryRun: ['All'] } : {}) }
  try {
    await asker.delete(objectPath(object), options)
  } catch (error) {
    if (await isGone({ admin, asker }, object, error)) return
    throw failureOf(admin, object, error)
  }
}

/**
 * Takes from an object what is ours of it, and that alone: applied with nothing in it, it loses just that. Gives whether it
 * was there still. Throws with the object's name.
 */
export async function releaseObject({ admin, asker }: Removing, object: ChartObject, isDryRun: boolean): Promise<boolean> {
  const { apiVersion, kind } = object.kind
  const uid = at(object.body, 'metadata', 'uid')
  // Without its uid, one that is gone meanwhile would be created anew.
  const body = { apiVersion, kind, metadata: { name: objectName(object), uid } }
  try {
    await asker.patch(objectPath(object), 'apply-patch+yaml', body, { fieldManager, force: 'true', ...(isDryRun ? { dryRun: 'All' } : {}) })
    return true
  } catch (error) {
    if (await isGone({ admin, asker }, object, error)) return false
    throw failureOf(admin, object, error)
  }
}

/** Whether a request has failed because the object is there no more; another one of its name is somebody else's. */
async function isGone({ admin, asker }: Removing, object: ChartObject, error: unknown): Promise<boolean> {
  if (!(error instanceof admin.kube.ApiError)) return false
  if (error.status === 404) return true
  // To apply a uid is a conflict where nothing is there, and invalid where another one is.
  if (error.status !== 409 && error.status !== 422) return false
  try {
    return !(await isThere(asker, object))
  } catch (failure) {
    throw failureOf(admin, object, failure)
  }
}

/** Whether an object is there still, that very one. */
export async function isThere(asker: Asker, object: ChartObject): Promise<boolean> {
  const found = await asker.getIfThere(objectPath(object))
  return found !== undefined && at(found, 'metadata', 'uid') === at(object.body, 'metadata', 'uid')
}
