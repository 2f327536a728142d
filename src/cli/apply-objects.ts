import { at, textAt } from '../check/json-paths.ts'
import { type ChartKind, listPath } from '../install/chart-kinds.ts'
import { type ChartObject, objectName, objectNamespace, objectPath, titleOf } from '../install/chart-object.ts'
import { conflictIn } from '../install/conflict.ts'
import { type Outcome, outcomeOf } from '../install/difference.ts'
import { type Surroundings, liveOf } from '../install/obstacles.ts'
import { fieldManager, takeOver } from '../install/ownership.ts'
import { isObject, type JsonObject } from '../units/json.ts'
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

/**
 * Makes a namespace that is not there: what is applied would as well change one that somebody else has made since, and who
 * has made it could not be told any more. What the API server has of it then is without anything of ours. Throws where it is there.
 */
export async function createNamespace({ admin, asker }: Applying, namespace: ChartObject): Promise<ChartObject> {
  const { apiVersion, kind } = namespace.kind
  const name = objectName(namespace)
  try {
    // Of what is created, nothing but its name: whatever else there is of ours is to be applied, as that can be taken back.
    return { ...namespace, body: await asker.post(listPath(namespace.kind), { apiVersion, kind, metadata: { name } }, { fieldManager }) }
  } catch (error) {
    if (!(error instanceof admin.kube.ApiError) || error.status !== 409) throw withHint(admin, namespace, error)
    throw new Error(`nothing was changed: namespace ${name} was not there a moment ago, and somebody has made it meanwhile; run it again`, { cause: error })
  }
}

function withHint(admin: JoinedAdmin, namespace: ChartObject, error: unknown): Error {
  const failure = failureOf(admin, namespace, error)
  const isRefused = error instanceof admin.kube.ApiError && (error.status === 403 || error.status === 422)
  if (isRefused) failure.message = `${failure.message}\n${makeItYourself(namespace)}`
  return failure
}

/** What to do where a policy of the cluster lets no such namespace be made, for one that asks for labels, as many do. */
export function makeItYourself(namespace: ChartObject): string {
  return `make ${objectName(namespace)} yourself, or have it made, with what this cluster asks of a namespace (kubectl create namespace ${objectName(namespace)}, or a manifest with the labels that are missing); usher install takes one that is there`
}

/** An object that is to be, as that very one that is there. Applied, it fails where it is another one. */
export function asThatOf({ kind, body }: ChartObject, live: ChartObject): ChartObject {
  const metadata = isObject(body['metadata']) ? body['metadata'] : {}
  return { kind, body: { ...body, metadata: { ...metadata, uid: textAt(live.body, 'metadata', 'uid') } } }
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

/** Why a request about an object has failed, with the object's name. */
export function failureOf(admin: JoinedAdmin, object: ChartObject, error: unknown): Error {
  const explained = explainFailure(admin, error)
  explained.message = `${titleOf(object)}: ${explained.message}`
  return explained
}

/**
 * What keeps objects from being put into a namespace that is not there yet, in which nothing can be tried: rights that are
 * missing, and kinds that the cluster does not know, each in a sentence. Throws where the API server does not answer.
 */
export async function findRefusals({ admin, asker }: Pick<Applying, 'admin' | 'asker'>, objects: readonly ChartObject[]): Promise<readonly string[]> {
  const unknown = await mapBounded(objects.filter(({ kind }) => kind.needs !== undefined), triedAtATime, async (object) => {
    const list = await asker.ask(object.kind.resource, () => asker.getIfThere(listPath(object.kind)))
    return list.kind === 'told' && list.value === undefined ? [unknownKind(object)] : []
  })
  const kinds = new Map<ChartKind, string>(objects.map((object) => [object.kind, objectNamespace(object) ?? '']))
  const asked = [...kinds].flatMap(([kind, namespace]) => ['create', 'patch'].map((verb) => ({ kind, namespace, verb })))
  const missing = await mapBounded(asked, triedAtATime, async ({ kind, namespace, verb }) => {
    const [group, version] = kind.apiVersion.includes('/') ? kind.apiVersion.split('/') : ['', kind.apiVersion]
    const spec = { resourceAttributes: { namespace, verb, group, version, resource: kind.resource } }
    const review = { apiVersion: 'authorization.k8s.io/v1', kind: 'SelfSubjectAccessReview', spec }
    const answer = await asker.post('/apis/authorization.k8s.io/v1/selfsubjectaccessreviews', review).catch((error: unknown) => {
      throw explainFailure(admin, error)
    })
    return at(answer, 'status', 'allowed') === true ? [] : [`you may not ${verb} ${kind.resource} in ${namespace}`]
  })
  return [...unknown.flat(), ...missing.flat()]
}
