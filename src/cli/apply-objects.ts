import { at } from '../check/json-paths.ts'
import { type ChartKind, listPath } from '../install/chart-kinds.ts'
import { type ChartObject, objectName, objectNamespace, objectPath, titleOf } from '../install/chart-object.ts'
import { conflictIn } from '../install/conflict.ts'
import { type Outcome, outcomeOf } from '../install/difference.ts'
import { type Surroundings, liveOf } from '../install/obstacles.ts'
import { fieldManager, takeOver } from '../install/ownership.ts'
import type { JsonObject } from '../units/json.ts'
import { mapBounded } from '../units/map-bounded.ts'
import { explainFailure, type JoinedAdmin } from './admin-cluster.ts'
import type { Asker } from './asker.ts'

/** With what objects are applied. */
export interface Applying {
  readonly admin: JoinedAdmin
  readonly asker: Asker
  /** Whether what others have set is set back. */
  readonly isAdopting: boolean
}

/** What would come of an object, or why it is refused. */
export type Tried =
  | { readonly object: ChartObject; readonly kind: 'taken'; readonly outcome: Outcome }
  | { readonly object: ChartObject; readonly kind: 'conflict' | 'refused'; readonly problem: string }

const triedAtATime = 4

/** Has the API server say what would come of each object; nothing is changed. Throws where it does not answer. */
export function tryObjects(applying: Applying, objects: readonly ChartObject[], around: Pick<Surroundings, 'live'>): Promise<readonly Tried[]> {
  return mapBounded(objects, triedAtATime, async (object): Promise<Tried> => {
    try {
      const live = liveOf(object, around)?.body
      const after = await send(applying, object, true)
      // A dry run leaves nothing behind that a second one could go on from.
      const outcome = takenOver(applying, object, live) === undefined ? outcomeOf(live, after) : 'changed'
      return { object, kind: 'taken', outcome }
    } catch (error) {
      return problemOf(applying, object, error)
    }
  })
}

function problemOf({ admin }: Pick<Applying, 'admin'>, object: ChartObject, error: unknown): Tried {
  const { kind } = object
  if (!(error instanceof admin.kube.ApiError) || error.status >= 500 || error.status === 401) throw explainFailure(admin, error)
  const conflict = error.status === 409 ? conflictIn(object, error.document) : undefined
  if (conflict !== undefined) return { object, kind: 'conflict', problem: conflict }
  if (error.status === 404 && kind.needs !== undefined) return { object, kind: 'refused', problem: unknownKind(object) }
  return { object, kind: 'refused', problem: `${titleOf(object)}: ${error.message}` }
}

function unknownKind(object: ChartObject): string {
  const { apiVersion, needs } = object.kind
  return `${titleOf(object)}: this cluster does not know the kind (${apiVersion}); it takes ${needs}`
}

/** Applies an object, and gives what the API server has of it then. Throws with the object's name. */
export async function applyObject(applying: Applying, object: ChartObject, live: JsonObject | undefined): Promise<JsonObject> {
  try {
    const taken = takenOver(applying, object, live)
    if (taken !== undefined) await applying.asker.patch(objectPath(object), 'json-patch+json', taken, { fieldManager })
    return await send(applying, object, false)
  } catch (error) {
    throw failureOf(applying.admin, object, error)
  }
}

function takenOver({ isAdopting }: Applying, { kind }: ChartObject, live: JsonObject | undefined): readonly object[] | undefined {
  return isAdopting && live !== undefined ? takeOver({ kind, body: live }) : undefined
}

function send({ asker, isAdopting }: Applying, object: ChartObject, isDryRun: boolean): Promise<JsonObject> {
  const query: Record<string, string> = { fieldManager }
  if (isAdopting) query['force'] = 'true'
  if (isDryRun) query['dryRun'] = 'All'
  return asker.patch(objectPath(object), 'apply-patch+yaml', object.body, query)
}

/** Takes an object away; where it is gone already, that is well. Throws with the object's name. */
export async function deleteObject({ admin, asker }: Pick<Applying, 'admin' | 'asker'>, object: ChartObject, isDryRun: boolean): Promise<void> {
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
export async function releaseObject({ admin, asker }: Pick<Applying, 'admin' | 'asker'>, object: ChartObject, isDryRun: boolean): Promise<boolean> {
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
async function isGone({ admin, asker }: Pick<Applying, 'admin' | 'asker'>, object: ChartObject, error: unknown): Promise<boolean> {
  if (!(error instanceof admin.kube.ApiError)) return false
  if (error.status === 404) return true
  if (error.status !== 409) return false
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

function failureOf(admin: JoinedAdmin, object: ChartObject, error: unknown): Error {
  const explained = explainFailure(admin, error)
  explained.message = `${titleOf(object)}: ${explained.message}`
  return explained
}

/**
 * What keeps objects from being put into a namespace that is not there yet, in which nothing can be tried: rights that are
 * missing, and kinds that the cluster does not know, each in a sentence.
 */
export async function findRefusals({ asker }: Pick<Applying, 'asker'>, objects: readonly ChartObject[]): Promise<readonly string[]> {
  const unknown = await mapBounded(objects.filter(({ kind }) => kind.needs !== undefined), triedAtATime, async (object) => {
    const list = await asker.ask(object.kind.resource, () => asker.getIfThere(listPath(object.kind)))
    return list.kind === 'told' && list.value === undefined ? [unknownKind(object)] : []
  })
  const kinds = new Map<ChartKind, string>(objects.map((object) => [object.kind, objectNamespace(object) ?? '']))
  const asked = [...kinds].flatMap(([kind, namespace]) => ['create', 'patch'].map((verb) => ({ kind, namespace, verb })))
  const missing = await mapBounded(asked, triedAtATime, async ({ kind, namespace, verb }) => {
    const [group, version] = kind.apiVersion.includes('/') ? kind.apiVersion.split('/') : ['', kind.apiVersion]
    const spec = { resourceAttributes: { namespace, verb, group, version, resource: kind.resource } }
    const answer = await asker.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec })
    return at(answer, 'status', 'allowed') === true ? [] : [`you may not ${verb} ${kind.resource} in ${namespace}`]
  })
  return [...unknown.flat(), ...missing.flat()]
}
