import { explainFailure } from '../admin-cluster.ts'
import { closest } from '../command.ts'
import { textAt } from '../../check/json-paths.ts'
import { jobLabel } from '../../job/names.ts'
import { explain, type JobCluster } from './job-cluster.ts'
import { type FoundLedger, readLedger } from './ledger-secret.ts'

/** The ledger of a job that there is. Throws where there is none; the message says what there is. */
export async function readKnownLedger(cluster: JobCluster, job: string): Promise<FoundLedger> {
  const found = await readLedger(cluster, job)
  if (found.version !== undefined) return found
  throw await noSuchJob(cluster, job)
}

/** Why there is no such job: another one is meant, or another namespace. */
export async function noSuchJob(cluster: JobCluster, job: string): Promise<Error> {
  const { asker, namespace, admin } = cluster
  try {
    if ((await asker.getIfThere(`/api/v1/namespaces/${namespace}`)) === undefined) return (await noServer(cluster)) ?? new Error(`there is no namespace ${namespace} (${admin.title}); --namespace chooses another`)
  } catch (error) {
    // Who may not look at the namespace may know its jobs all the same.
    if (!(error instanceof admin.kube.ApiError && error.status === 403)) return explain(cluster, error)
  }
  const path = `/api/v1/namespaces/${namespace}/secrets`
  const names = await asker.ask('secrets', () => asker.listPicked(path, { labelSelector: jobLabel, fieldSelector: 'type=usher.dev/job' }, (each) => textAt(each, 'metadata', 'labels', jobLabel)))
  const known = names.kind === 'told' ? names.value : []
  const nearest = closest(job, known)
  const hint = nearest === undefined ? (known.length === 0 ? '' : `; there are ${known.slice(0, shownNames).join(', ')}`) : `; did you mean ${nearest}?`
  return new Error(`there is no job ${job} in namespace ${namespace} (${admin.title})${hint}`)
}

const shownNames = 8

/** Where nothing is found, there may be no API server. */
async function noServer({ asker, admin }: JobCluster): Promise<Error | undefined> {
  try {
    await asker.get('/version')
    return undefined
  } catch (error) {
    return error instanceof admin.kube.ApiError && error.status === 403 ? undefined : explainFailure(admin, error)
  }
}
