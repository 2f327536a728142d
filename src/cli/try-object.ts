import { at, objectsAt, textAt } from '../check/json-paths.ts'
import { readRefusal } from '../enable/trial.ts'
import type { AmountStyle } from '../placement/amount-text.ts'
import { withoutGone } from '../placement/merge-patch.ts'
import { isObject, type JsonObject } from '../units/json.ts'
import { explainFailure, type JoinedAdmin } from './admin-cluster.ts'
import type { Asker } from './asker.ts'
import type { NamespaceFacts } from './namespace-facts.ts'
import type { ObjectPaths } from './object-paths.ts'

/** What would come of an object that is applied. */
export type TriedObject = {
  /** As it is now; undefined: it is not there, or may not be looked at. */
  readonly live?: JsonObject
} & (
  | { readonly kind: 'taken'; readonly after: JsonObject }
  /** By a policy, a quota, a webhook, or the API server's own rules. */
  | { readonly kind: 'rejected'; readonly message: string }
  | { readonly kind: 'failed'; readonly message: string }
)

/** An object, and how the amounts in it are written. */
export interface PlannedObject {
  readonly object: JsonObject
  readonly style: AmountStyle
}

/** An object, and what came of it in its namespace. */
export interface Seen extends PlannedObject {
  readonly namespace: string
  readonly tried: TriedObject
}

/** With what objects are tried. */
export interface Trying {
  readonly admin: JoinedAdmin
  readonly asker: Asker
  readonly paths: ObjectPaths
  readonly namespaces: NamespaceFacts
  /** All that come along. */
  readonly objects: readonly JsonObject[]
  /** What is known of them without having been tried. */
  readonly known: ReadonlyMap<JsonObject, TriedObject>
  /** As whom they would be applied; undefined: as who has applied them before. */
  readonly fieldManager: string | undefined
}

/**
 * Has the API server say what would become of an object, in the way in which it was applied before: by server-side apply as
 * the same field manager, or by a patch as `kubectl apply` makes one. So fields that are no longer in the manifest go. Nothing
 * is changed. Throws where the API server cannot be reached.
 */
export async function tryObject(trying: Trying, object: JsonObject, namespace: string): Promise<TriedObject> {
  const { admin, paths } = trying
  let live: JsonObject | undefined
  try {
    const path = await paths.find(object, namespace)
    if (path === undefined) return { kind: 'rejected', message: `this cluster knows no ${textAt(object, 'kind') ?? 'such kind'} of ${textAt(object, 'apiVersion') ?? 'that version'}` }
    const name = textAt(object, 'metadata', 'name')
    if (name === undefined) return { kind: 'taken', after: await trying.asker.post(path.list, object, { dryRun: 'All' }) }
    live = await trying.asker.getIfThere(`${path.list}/${name}`)
    return { kind: 'taken', after: await apply(trying, `${path.list}/${name}`, object, live), ...(live === undefined ? {} : { live }) }
  } catch (error) {
    return { ...refusalOf(admin, error), ...(live === undefined ? {} : { live }) }
  }
}

/** What the API server has against something that was tried. Throws where it was not told. */
export function refusalOf(admin: JoinedAdmin, error: unknown): { readonly kind: 'rejected' | 'failed'; readonly message: string } {
  if (!(error instanceof admin.kube.ApiError) || error.status === 401) throw explainFailure(admin, error)
  const message = textAt(error.document, 'message') ?? error.message
  const isDenied = error.status === 403 && / cannot [a-z]+ (?:resource|path) /.test(message)
  // By its code, 500, the API server would be at fault: it is how server-side apply refuses a field that there is not.
  const isMisspelt = message.startsWith('failed to create typed patch object')
  return { kind: isMisspelt || (!isDenied && readRefusal(error.status, message).kind === 'rejected') ? 'rejected' : 'failed', message }
}

// A manager of its own where nobody has applied before: a dry run leaves no trace of it.
const planManager = 'usher-plan'

function apply({ asker, fieldManager }: Trying, path: string, object: JsonObject, live: JsonObject | undefined): Promise<JsonObject> {
  const applied = fieldManager === undefined ? lastApplied(live) : undefined
  if (applied !== undefined) return asker.patch(path, 'merge-patch+json', withoutGone(applied, object), { dryRun: 'All' })
  return asker.patch(path, 'apply-patch+yaml', object, { fieldManager: fieldManager ?? managerOf(live) ?? planManager, force: 'true', dryRun: 'All' })
}

/** What `kubectl apply` has written down, where nobody has used server-side apply since. */
function lastApplied(live: JsonObject | undefined): JsonObject | undefined {
  const text = textAt(live, 'metadata', 'annotations', 'kubectl.kubernetes.io/last-applied-configuration')
  if (text === undefined || managerOf(live) !== undefined) return undefined
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? value : undefined
  } catch {
    // Somebody else's.
    return undefined
  }
}

/** Of those who use server-side apply, who has most of the object. */
function managerOf(live: JsonObject | undefined): string | undefined {
  const managers = objectsAt(live, 'metadata', 'managedFields')
    .filter((entry) => entry['operation'] === 'Apply' && textAt(entry, 'subresource') === undefined)
    .map((entry) => ({ manager: textAt(entry, 'manager'), size: JSON.stringify(at(entry, 'fieldsV1') ?? null).length }))
    .toSorted((left, right) => right.size - left.size)
  return managers[0]?.manager
}
