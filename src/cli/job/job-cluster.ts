import { textAt } from '../../check/json-paths.ts'
import { type ChartObject, titleOf } from '../../install/chart-object.ts'
import { jobKindOf, titleOfObject } from '../../job/run/kinds.ts'
import type { JsonObject } from '../../units/json.ts'
import { clusterFlags, explainFailure, joinAdmin, type JoinedAdmin } from '../admin-cluster.ts'
import { type Asker, askWith } from '../asker.ts'
import type { Flag, FlagValues } from '../command.ts'
import { namespaceOf } from '../workload-flags.ts'

/** The flags of whatever asks a cluster about jobs. */
export const jobClusterFlags = {
  kubeconfig: clusterFlags.kubeconfig,
  context: clusterFlags.context,
  namespace: { type: 'string', short: 'n', value: 'NAME', help: 'namespace of the job; else that of the context, else default' },
} as const satisfies Record<string, Flag>

/** A cluster, and the namespace in it in which a job is. */
export interface JobCluster {
  readonly admin: JoinedAdmin
  readonly asker: Asker
  readonly namespace: string
}

/** Finds the cluster and the namespace of a command's flags. Throws as {@link joinAdmin}. */
export async function joinJobs(values: FlagValues, signal: AbortSignal): Promise<JobCluster> {
  const admin = await joinAdmin(values)
  return { admin, asker: askWith(admin, signal), namespace: namespaceOf(admin) }
}

/** As {@link JobCluster}, of which another signal ends the requests. */
export function withSignal(cluster: JobCluster, signal: AbortSignal): JobCluster {
  return { ...cluster, asker: askWith(cluster.admin, signal) }
}

/** Sends an object in place of the one that there is. Throws as `requestJson`. */
export function replaceAt({ admin }: JobCluster, path: string, body: JsonObject): Promise<JsonObject> {
  const signal = new AbortController().signal
  return admin.kube.requestJson(admin.config, { method: 'PUT', path, body, query: { fieldManager: 'usher-job' }, signal })
}

/** An object of a job as what is known of its kind goes with it. */
export function jobObject(body: JsonObject): ChartObject {
  const kind = jobKindOf(body)
  if (kind === undefined) throw new Error(`a job has no ${titleOfObject(body)} (${textAt(body, 'apiVersion') ?? ''})`)
  return { kind, body }
}

/** The HTTP status with which the API server has refused something; undefined: it was something else. */
export function statusOf({ admin }: JobCluster, error: unknown): number | undefined {
  return error instanceof admin.kube.ApiError ? error.status : undefined
}

/** Why a request about something has failed, in a sentence that says what to do. */
export function explain(cluster: JobCluster, error: unknown, about?: ChartObject | string): Error {
  const { admin } = cluster
  const title = about === undefined ? '' : `${typeof about === 'string' ? about : titleOf(about)}: `
  const absent = absentNamespace(cluster, error)
  if (absent !== undefined) return absent
  // What an API server does not find is there to be told; whatever else finds nothing is none.
  const explained = error instanceof admin.kube.ApiError && error.status === 404 && error.document?.['kind'] === 'Status' ? new Error(error.message, { cause: error }) : explainFailure(admin, error)
  explained.message = `${title}${explained.message}`
  return explained
}

function absentNamespace({ admin, namespace }: JobCluster, error: unknown): Error | undefined {
  if (!(error instanceof admin.kube.ApiError)) return undefined
  if (error.status === 404 && error.message.includes(`namespaces "${namespace}" not found`)) {
    return new Error(`there is no namespace ${namespace} (${admin.title}); kubectl create namespace ${namespace} makes it, --namespace chooses another`)
  }
  if (error.status === 403 && error.message.includes('because it is being terminated')) return new Error(`namespace ${namespace} is being deleted (${admin.title})`)
  return undefined
}
