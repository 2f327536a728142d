import { at, objectsAt, textAt } from '../../check/json-paths.ts'
import { objectPath, titleOf } from '../../install/chart-object.ts'
import { conflictIn } from '../../install/conflict.ts'
import { listPath } from '../../install/chart-kinds.ts'
import { jobFieldManager } from '../../job/names.ts'
import { droppedFrom } from '../../job/run/dropped.ts'
import { objectKey } from '../../job/run/kinds.ts'
import { belongsTo, type Outcome, type Surveyed } from '../../job/run/plan-run.ts'
import { isObject, isSame, type JsonObject } from '../../units/json.ts'
import { mapBounded } from '../../units/map-bounded.ts'
import { explain, type JobCluster, jobObject, statusOf } from './job-cluster.ts'
import { JobRejection } from './rejection.ts'

/** What is tried. */
export interface Surveying {
  readonly job: string
  /** In order, the workload last. */
  readonly objects: readonly JsonObject[]
  /** Whether what others have set or put in is taken over. */
  readonly isForced: boolean
}

const askedAtATime = 4

type Tried = { readonly kind: 'taken'; readonly survey: Surveyed } | { readonly kind: 'refused' | 'denied'; readonly problem: string }

/**
 * Has the API server say what would come of each object; nothing is changed.
 *
 * @throws {JobRejection} where it refuses any; the detail names all of them.
 * @throws where it does not answer, or somebody may not do it.
 */
export async function surveyJob(cluster: JobCluster, surveying: Surveying): Promise<readonly Surveyed[]> {
  const tried = await mapBounded(surveying.objects, askedAtATime, (object) => tryObject(cluster, surveying, object))
  const problems = (kind: 'refused' | 'denied'): readonly string[] => tried.flatMap((each) => (each.kind === kind ? [each.problem] : []))
  const [denied, refused] = [problems('denied'), problems('refused')]
  if (denied.length > 0) throw new Error(['nothing was changed:', ...denied.map((each) => `  ${each}`), 'choose a context that may (--context), or have the right given to you'].join('\n'))
  if (refused.length > 0) throw new JobRejection(surveying.job, { code: 'rejected-by-cluster', detail: `${refused.join('; ')}.` })
  return tried.flatMap((each) => (each.kind === 'taken' ? [each.survey] : []))
}

async function tryObject(cluster: JobCluster, { job, isForced }: Surveying, body: JsonObject): Promise<Tried> {
  const object = jobObject(body)
  try {
    const live = await cluster.asker.getIfThere(objectPath(object))
    if (live !== undefined && !belongsTo(live, job) && !isForced) {
      return { kind: 'refused', problem: `${titleOf(object)} is there already, and is not of this job; give the job another name, or take it over with --force-conflicts` }
    }
    const after = await applyDry(cluster, job, body, isForced)
    if (after === 'replaced') return { kind: 'taken', survey: { object: body, live, outcome: after } }
    const dropped = droppedFrom(body, after)
    if (dropped !== undefined) return { kind: 'refused', problem: `${titleOf(object)}: the cluster leaves out ${dropped}, which it is too old for, or has switched off` }
    return { kind: 'taken', survey: { object: body, live, after, outcome: outcomeOf(live, after) } }
  } catch (error) {
    const status = statusOf(cluster, error)
    const explained = explain(cluster, error, object)
    if (status === undefined || status === 401 || status === 429 || status >= 500 || !(error instanceof cluster.admin.kube.ApiError)) throw explained
    const conflict = status === 409 ? conflictIn(object, error.document) : undefined
    if (conflict !== undefined) return { kind: 'refused', problem: `${conflict} (--force-conflicts sets that back)` }
    if (status === 404 && object.kind.needs !== undefined && !explained.message.startsWith('there is no namespace')) {
      return { kind: 'refused', problem: `${titleOf(object)}: this cluster does not know the kind (${object.kind.apiVersion}); it takes ${object.kind.needs}` }
    }
    if (status === 404) throw explained
    return status === 403 && isDenied(error.message) ? { kind: 'denied', problem: `${titleOf(object)}: ${error.message}` } : { kind: 'refused', problem: `${titleOf(object)}: ${error.message}` }
  }
}

/** By the API server's rules of access; a policy that refuses an object answers 403, too. */
function isDenied(message: string): boolean {
  return / cannot [a-z]+ resource /.test(message)
}

/** What would be there; `replaced`: it cannot be changed to that, but made anew. */
async function applyDry(cluster: JobCluster, job: string, body: JsonObject, isForced: boolean): Promise<JsonObject | 'replaced'> {
  const object = jobObject(body)
  const query = { fieldManager: jobFieldManager, dryRun: 'All', ...(isForced ? { force: 'true' } : {}) }
  try {
    return await cluster.asker.patch(objectPath(object), 'apply-patch+yaml', body, query)
  } catch (error) {
    if (!isImmutable(cluster, body, error)) throw error
    // Of another name: this one is taken by what it would replace.
    const metadata = isObject(body['metadata']) ? body['metadata'] : {}
    const trial = { ...body, metadata: { ...metadata, name: `${job}-usher-trial`.slice(-longestName) } }
    await cluster.asker.post(listPath(object.kind, cluster.namespace), trial, { fieldManager: jobFieldManager, dryRun: 'All' })
    return 'replaced'
  }
}

const longestName = 63

/** Whether an object is one that cannot be changed in place: the template of a batch Job. */
export function isImmutable(cluster: JobCluster, { kind }: JsonObject, error: unknown): boolean {
  if (kind !== 'Job' || !(error instanceof cluster.admin.kube.ApiError) || error.status !== 422) return false
  // The message of the error is cut: it shows the whole template before it says that.
  return textAt(error.document, 'message')?.includes('field is immutable') === true
}

function outcomeOf(before: JsonObject | undefined, after: JsonObject): Outcome {
  if (before === undefined) return 'created'
  return isSame(withoutNews(before), withoutNews(after)) ? 'unchanged' : 'changed'
}

/** Without what others write at any moment, and what follows from a change; of whose the fields are, ours alone counts. */
function withoutNews({ apiVersion: _apiVersion, kind: _kind, status: _status, metadata, ...rest }: JsonObject): unknown {
  if (!isObject(metadata)) return rest
  const { resourceVersion: _version, generation: _generation, managedFields: _fields, ...lasting } = metadata
  const ours = objectsAt(metadata, 'managedFields').find(({ manager, operation }) => manager === jobFieldManager && operation === 'Apply')
  return { ...rest, metadata: lasting, owned: at(ours, 'fieldsV1') }
}

/** What is there of the objects that a ledger knows, beside those that are wanted. */
export async function findOthers(cluster: JobCluster, recorded: readonly JsonObject[], wanted: readonly JsonObject[]): Promise<readonly JsonObject[]> {
  const keys = new Set(wanted.map(objectKey))
  const others = new Map(recorded.filter((each) => !keys.has(objectKey(each))).map((each) => [objectKey(each), each]))
  const found = await mapBounded([...others.values()], askedAtATime, async (body) => {
    const object = jobObject(body)
    try {
      return await cluster.asker.getIfThere(objectPath(object))
    } catch (error) {
      throw explain(cluster, error, object)
    }
  })
  return found.filter((each) => each !== undefined)
}
