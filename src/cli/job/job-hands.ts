import { setTimeout as pause } from 'node:timers/promises'
import { textAt } from '../../check/json-paths.ts'
import { objectPath, titleOf } from '../../install/chart-object.ts'
import { jobFieldManager } from '../../job/names.ts'
import { belongsTo, type Surveyed, type Undo } from '../../job/run/plan-run.ts'
import { isObject, type JsonObject } from '../../units/json.ts'
import { deleteObject, isThere } from '../remove-objects.ts'
import { explain, type JobCluster, jobObject, replaceAt } from './job-cluster.ts'
import { isImmutable } from './survey-job.ts'

/** Applies what was surveyed. Throws with the object's name. */
export async function applySurveyed(cluster: JobCluster, { object, live, outcome }: Surveyed, isForced: boolean): Promise<void> {
  if (outcome === 'replaced' && live !== undefined) return replace(cluster, object, live)
  await apply(cluster, object, isForced)
}

async function apply(cluster: JobCluster, body: JsonObject, isForced: boolean): Promise<void> {
  const object = jobObject(body)
  const query = { fieldManager: jobFieldManager, ...(isForced ? { force: 'true' } : {}) }
  try {
    await cluster.asker.patch(objectPath(object), 'apply-patch+yaml', body, query)
  } catch (error) {
    // It is looked at where what comes of that is decided.
    if (isImmutable(cluster, body, error)) throw error
    throw explain(cluster, error, object)
  }
}

const goneWithinMs = 60_000
const lookAgainMs = 200

/** Deletes what cannot be changed, and makes it anew once it is gone. */
async function replace(cluster: JobCluster, body: JsonObject, live: JsonObject): Promise<void> {
  const old = jobObject(live)
  await deleteObject(cluster, old, false)
  const deadline = performance.now() + goneWithinMs
  // oxlint-disable-next-line no-await-in-loop -- one look after the other
  while (await isThere(cluster.asker, old)) {
    if (performance.now() > deadline) throw new Error(`${titleOf(old)}: the old one is not gone after ${goneWithinMs / 1_000} s`)
    // oxlint-disable-next-line no-await-in-loop
    await pause(lookAgainMs)
  }
  await apply(cluster, body, false)
}

/** Undoes what was done to an object. Throws with its name. */
export async function undoStep(cluster: JobCluster, job: string, step: Undo): Promise<void> {
  const object = jobObject(step.object)
  switch (step.kind) {
    case 'apply':
      return applyAgain(cluster, step.object)
    case 'revert':
      return revert(cluster, step.live)
    case 'delete': {
      const live = await cluster.asker.getIfThere(objectPath(object)).catch((error: unknown) => {
        throw explain(cluster, error, object)
      })
      // Somebody else may have made one meanwhile.
      if (live !== undefined && belongsTo(live, job)) await deleteObject(cluster, jobObject(live), false)
    }
  }
}

async function applyAgain(cluster: JobCluster, body: JsonObject): Promise<void> {
  const object = jobObject(body)
  try {
    await apply(cluster, body, true)
  } catch (error) {
    if (!isImmutable(cluster, body, error)) throw error
    const live = await cluster.asker.getIfThere(objectPath(object))
    if (live === undefined) throw explain(cluster, error, object)
    await replace(cluster, body, live)
  }
}

/** Puts an object back as it was read. */
async function revert(cluster: JobCluster, body: JsonObject): Promise<void> {
  const object = jobObject(body)
  try {
    const live = await cluster.asker.getIfThere(objectPath(object))
    const { resourceVersion: _version, uid: _uid, creationTimestamp: _created, managedFields: _fields, generation: _generation, ...metadata } = isObject(body['metadata']) ? body['metadata'] : {}
    const { status: _status, ...rest } = body
    if (live === undefined) await cluster.asker.patch(objectPath(object), 'apply-patch+yaml', { ...rest, metadata }, { fieldManager: jobFieldManager, force: 'true' })
    else await replaceAt(cluster, objectPath(object), { ...rest, metadata: { ...metadata, resourceVersion: textAt(live, 'metadata', 'resourceVersion') } })
  } catch (error) {
    throw explain(cluster, error, object)
  }
}
