import { usherSelector } from '../../check/installation.ts'
import { textAt } from '../../check/json-paths.ts'
import { claimOf, jobLabel } from '../../job/names.ts'
import type { JsonObject } from '../../units/json.ts'
import { usualNamespace } from '../lock-states.ts'
import { explain, type JobCluster, replaceAt, statusOf } from './job-cluster.ts'
import { JobRejection } from './rejection.ts'

/** Whether a name is kept for a job. `unkept`: it cannot be, and why; that is no reason not to run it. */
export type Claim = { readonly kind: 'kept' } | { readonly kind: 'unkept'; readonly why: string }

/**
 * Keeps the name of a job for the namespace that it is in: names of jobs are unique in a cluster.
 *
 * @param chosen the namespace of usher; undefined: the usual one, else it is looked for.
 * @throws {JobRejection} where another namespace has it.
 */
export async function claimName(cluster: JobCluster, job: string, chosen: string | undefined): Promise<Claim> {
  const usual = chosen ?? usualNamespace
  const claim = await claimIn(cluster, job, usual)
  if (claim !== undefined) return claim
  const found = chosen === undefined ? await findNamespace(cluster) : undefined
  const other = found === undefined ? undefined : await claimIn(cluster, job, found)
  return other ?? { kind: 'unkept', why: `there is no namespace ${usual}, in which usher keeps the names of jobs; so nothing keeps another namespace from a job ${job} of its own` }
}

/** Lets go of the name of a job that is stopped; where it may not, gives why. */
export async function releaseName(cluster: JobCluster, job: string, chosen: string | undefined): Promise<string | undefined> {
  try {
    if (await releaseIn(cluster, job, chosen ?? usualNamespace)) return undefined
    const found = chosen === undefined ? await findNamespace(cluster) : undefined
    if (found !== undefined) await releaseIn(cluster, job, found)
    return undefined
  } catch (error) {
    return explain(cluster, error, `ConfigMap ${claimOf(job)}, which keeps the name`).message
  }
}

interface ClaimObject extends JsonObject {
  readonly metadata: JsonObject
}

/** Undefined: there is no such namespace. */
async function claimIn(cluster: JobCluster, job: string, place: string): Promise<Claim | undefined> {
  const { asker, namespace } = cluster
  const body: ClaimObject = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: claimOf(job), namespace: place, labels: { [jobLabel]: job, 'app.kubernetes.io/managed-by': 'usher' } },
    data: { namespace },
  }
  try {
    await asker.post(`/api/v1/namespaces/${place}/configmaps`, body)
    return { kind: 'kept' }
  } catch (error) {
    const status = statusOf(cluster, error)
    if (status === 404) return undefined
    if (status === 409) return takenClaim(cluster, job, place, body)
    if (status === 403) return { kind: 'unkept', why: `${error instanceof Error ? error.message : String(error)}; so nothing keeps another namespace from a job ${job} of its own` }
    throw explain(cluster, error, `ConfigMap ${claimOf(job)}, which keeps the name`)
  }
}

async function takenClaim(cluster: JobCluster, job: string, place: string, body: ClaimObject): Promise<Claim> {
  const path = pathOf(place, job)
  let found: JsonObject | undefined
  try {
    found = await cluster.asker.getIfThere(path)
    const owner = textAt(found, 'data', 'namespace')
    if (owner === cluster.namespace) return { kind: 'kept' }
    if (found !== undefined && owner !== undefined && !(await isGone(cluster, owner))) throw taken(job, owner, place)
    // Its namespace went, and nobody has stopped the job.
    await (found === undefined
      ? cluster.asker.post(`/api/v1/namespaces/${place}/configmaps`, body)
      : replaceAt(cluster, path, { ...body, metadata: { ...body.metadata, resourceVersion: textAt(found, 'metadata', 'resourceVersion') } }))
    return { kind: 'kept' }
  } catch (error) {
    if (error instanceof JobRejection) throw error
    if (statusOf(cluster, error) === 409) throw taken(job, 'another namespace, a moment ago', place)
    throw explain(cluster, error, `ConfigMap ${claimOf(job)}, which keeps the name`)
  }
}

function taken(job: string, owner: string, place: string): JobRejection {
  const detail = `Job ${job} is in namespace ${owner} already (ConfigMap ${claimOf(job)} in ${place}).`
  return new JobRejection(job, { code: 'name-taken', detail, members: { namespace: owner } })
}

/** Whether a namespace is surely not there. */
async function isGone({ asker }: JobCluster, namespace: string): Promise<boolean> {
  const asked = await asker.ask('namespaces', () => asker.getIfThere(`/api/v1/namespaces/${namespace}`))
  return asked.kind === 'told' && asked.value === undefined
}

async function releaseIn(cluster: JobCluster, job: string, place: string): Promise<boolean> {
  const found = await cluster.asker.getIfThere(pathOf(place, job))
  if (found === undefined) return false
  if (textAt(found, 'data', 'namespace') !== cluster.namespace) return true
  await cluster.asker.delete(pathOf(place, job), { apiVersion: 'v1', kind: 'DeleteOptions', preconditions: { uid: textAt(found, 'metadata', 'uid') } })
  return true
}

/** Where the webhook of usher is; undefined: nowhere, or it cannot be told. */
async function findNamespace({ asker }: JobCluster): Promise<string | undefined> {
  const found = await asker.ask('deployments', () => asker.list('/apis/apps/v1/deployments', { labelSelector: usherSelector }))
  return found.kind === 'told' ? textAt(found.value[0], 'metadata', 'namespace') : undefined
}

function pathOf(place: string, job: string): string {
  return `/api/v1/namespaces/${place}/configmaps/${claimOf(job)}`
}
