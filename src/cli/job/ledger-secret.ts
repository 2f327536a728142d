import { gunzipSync, gzipSync } from 'node:zlib'
import { at, textAt } from '../../check/json-paths.ts'
import { jobLabel, ledgerOf } from '../../job/names.ts'
import { jobKindOf } from '../../job/run/kinds.ts'
import { bounded, type Ledger, mostLedgerBytes, newLedger } from '../../job/run/ledger.ts'
import { isObject, type JsonObject } from '../../units/json.ts'
import { explain, type JobCluster, replaceAt, statusOf } from './job-cluster.ts'

/** A ledger as it was read, or written. */
export interface FoundLedger {
  readonly ledger: Ledger
  /** The version of its Secret; undefined: there is none. */
  readonly version: string | undefined
}

/** Of the Secrets that ledgers are in. */
export const ledgerType = 'usher.dev/job'
const dataKey = 'ledger'

/** Reads the ledger of a job. Throws where it may not be read, or is none. */
export async function readLedger(cluster: JobCluster, job: string): Promise<FoundLedger> {
  let secret: JsonObject | undefined
  try {
    secret = await cluster.asker.getIfThere(pathOf(cluster, job))
  } catch (error) {
    throw explain(cluster, error, `the ledger of job ${job}`)
  }
  if (secret === undefined) return { ledger: newLedger(job), version: undefined }
  return { ledger: decode(secret, job, cluster.namespace), version: textAt(secret, 'metadata', 'resourceVersion') }
}

/**
 * Writes a ledger in place of the one that was read: of two who have read the same, one does. Gives what is there then;
 * undefined: somebody else was faster.
 *
 * @throws where it may not be written, or is too large.
 */
export async function writeLedger(cluster: JobCluster, ledger: Ledger, version: string | undefined): Promise<FoundLedger | undefined> {
  const kept = bounded(ledger, (each) => encode(each).length)
  if (kept === undefined) throw new Error(`job ${ledger.job} is too large for its ledger: its objects take more than ${mostLedgerBytes / 1_000} kB, compressed`)
  const body = secretOf(kept, cluster.namespace, version)
  try {
    const written = version === undefined ? await cluster.asker.post(listPath(cluster), body) : await replaceAt(cluster, pathOf(cluster, ledger.job), body)
    return { ledger: kept, version: textAt(written, 'metadata', 'resourceVersion') }
  } catch (error) {
    const status = statusOf(cluster, error)
    // Somebody has made, changed or deleted it.
    if (status === 409 || (status === 404 && version !== undefined)) return undefined
    throw explain(cluster, error, `the ledger of job ${ledger.job}`)
  }
}

/** Deletes the ledger of a job that is stopped. */
export async function deleteLedger(cluster: JobCluster, job: string): Promise<void> {
  try {
    await cluster.asker.delete(pathOf(cluster, job))
  } catch (error) {
    if (statusOf(cluster, error) !== 404) throw explain(cluster, error, `the ledger of job ${job}`)
  }
}

function listPath({ namespace }: JobCluster): string {
  return `/api/v1/namespaces/${namespace}/secrets`
}

function pathOf(cluster: JobCluster, job: string): string {
  return `${listPath(cluster)}/${ledgerOf(job)}`
}

function secretOf(ledger: Ledger, namespace: string, version: string | undefined): JsonObject {
  const labels = { [jobLabel]: ledger.job, 'app.kubernetes.io/managed-by': 'usher' }
  const metadata = { name: ledgerOf(ledger.job), namespace, labels, ...(version === undefined ? {} : { resourceVersion: version }) }
  return { apiVersion: 'v1', kind: 'Secret', metadata, type: ledgerType, data: { [dataKey]: Buffer.from(encode(ledger)).toString('base64') } }
}

function encode(ledger: Ledger): Uint8Array {
  return gzipSync(JSON.stringify(ledger))
}

// Of what 1 MiB can hold.
const mostTextBytes = 64 * 1024 * 1024

function decode(secret: JsonObject, job: string, namespace: string): Ledger {
  const ledger = ledgerIn(secret)
  if (ledger !== undefined) return ledger
  throw new Error(`Secret ${ledgerOf(job)} in ${namespace} is not a ledger that this version of usher can read; whoever has written it can, and kubectl delete secret -n ${namespace} ${ledgerOf(job)} forgets all revisions`)
}

/** The ledger in a Secret; undefined: it was not written by usher, or by a newer one. */
export function ledgerIn(secret: JsonObject): Ledger | undefined {
  const data = at(secret, 'data', dataKey)
  try {
    const found: unknown = typeof data === 'string' ? JSON.parse(gunzipSync(Buffer.from(data, 'base64'), { maxOutputLength: mostTextBytes }).toString()) : undefined
    return isLedger(found, secret) ? found : undefined
  } catch {
    return undefined
  }
}

/**
 * It was written by us; but whoever may write Secrets in the namespace can write one, and what it names is put in and deleted
 * with the rights of who runs usher. So it names nothing of another job, of another namespace, or of a kind that no job has.
 */
function isLedger(value: unknown, { metadata }: JsonObject): value is Ledger & JsonObject {
  if (!isObject(value) || value['v'] !== 1 || typeof value['job'] !== 'string' || !Array.isArray(value['revisions'])) return false
  const [name, namespace] = [textAt(metadata, 'name'), textAt(metadata, 'namespace')]
  if (name !== ledgerOf(value['job'])) return false
  return value['revisions'].every((revision: unknown) => {
    const objects = at(revision, 'objects')
    return Array.isArray(objects) && objects.every((each: unknown) => isObject(each) && jobKindOf(each) !== undefined && textAt(each, 'metadata', 'namespace') === namespace)
  })
}
