import { textAt } from '../check/json-paths.ts'
import { jobLabel } from '../job/names.ts'
import type { JobProblem } from '../job/problems.ts'
import { changesBetween } from '../placement/changes.ts'
import type { ObjectChange } from '../placement/room-plan.ts'
import type { JsonObject } from '../units/json.ts'
import type { Seen } from './try-object.ts'

/** A problem, and whose it is. */
export interface NamedProblem {
  readonly name: string
  readonly problem: JobProblem
}

/** Why the cluster does not take an object; undefined: it does. */
export function rejectionOf(seen: Seen): NamedProblem | undefined {
  const { object, tried } = seen
  if (tried.kind !== 'rejected' || isReplaced(seen)) return undefined
  return { name: ownerNameOf(object), problem: { code: 'rejected-by-cluster', detail: `${titleOf(object)}: ${tried.message}` } }
}

/** What would become of an object. */
export function changeOf(seen: Seen): ObjectChange {
  const { object, namespace, tried } = seen
  const named = placeOf(seen)
  if (isReplaced(seen)) return { ...named, namespace, change: 'changed', fields: [], detail: 'it is deleted and made anew, for the template of a Job cannot be changed' }
  if (tried.kind !== 'taken') return { ...named, change: 'unknown', fields: [], detail: tried.message }
  if (tried.live === undefined) return { ...named, change: 'created', fields: [] }
  const fields = changesBetween(tried.live, { kind: object['kind'], ...tried.after })
  return { ...named, change: fields.length === 0 ? 'unchanged' : 'changed', fields }
}

/** The name of the job that an object is of; else its own. */
export function ownerNameOf(object: JsonObject): string {
  return textAt(object, 'metadata', 'labels', jobLabel) ?? textAt(object, 'metadata', 'name') ?? ''
}

/** The template of a batch Job cannot be changed: where it is of a job file, it is made anew. */
function isReplaced({ object, tried }: Seen): boolean {
  const isOfJob = object['kind'] === 'Job' && textAt(object, 'metadata', 'labels', jobLabel) !== undefined
  return isOfJob && tried.live !== undefined && tried.kind === 'rejected' && tried.message.includes('field is immutable')
}

/** Of what is in no namespace, the API server says so. */
function placeOf({ object, namespace, tried }: Seen): Pick<ObjectChange, 'kind' | 'name' | 'namespace'> {
  const named = { kind: textAt(object, 'kind') ?? '', name: textAt(object, 'metadata', 'name') ?? `${textAt(object, 'metadata', 'generateName') ?? ''}*` }
  const place = tried.kind === 'taken' ? textAt(tried.after, 'metadata', 'namespace') : (textAt(object, 'metadata', 'namespace') ?? namespace)
  return place === undefined ? named : { ...named, namespace: place }
}

function titleOf(object: JsonObject): string {
  return `${textAt(object, 'kind') ?? 'an object'} ${textAt(object, 'metadata', 'name') ?? textAt(object, 'metadata', 'generateName') ?? ''}`.trimEnd()
}
