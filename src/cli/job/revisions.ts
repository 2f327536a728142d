import { textAt } from '../../check/json-paths.ts'
import { jobLabel } from '../../job/names.ts'
import type { JsonObject } from '../../units/json.ts'
import type { Asker } from '../asker.ts'
import { ledgerIn, ledgerType } from './ledger-secret.ts'

/** By `NAMESPACE/JOB`, the revisions that are deployed. */
export type Revisions = ReadonlyMap<string, number>

/**
 * Asks for the ledgers of jobs, in which their revisions are. None where they may not be read: whoever looks at a job need
 * not be allowed to read Secrets.
 *
 * @param namespace undefined: of all.
 * @param job undefined: of all.
 */
export async function readRevisions(asker: Asker, namespace: string | undefined, job?: string): Promise<Revisions> {
  const path = `/api/v1/${namespace === undefined ? '' : `namespaces/${encodeURIComponent(namespace)}/`}secrets`
  const query = { labelSelector: job === undefined ? jobLabel : `${jobLabel}=${job}`, fieldSelector: `type=${ledgerType}` }
  const listed = await asker.ask('ledgers of jobs', () => asker.listPicked(path, query, readRevision))
  return new Map(listed.kind === 'told' ? listed.value : [])
}

/** The key of {@link Revisions}. */
export function revisionKey(namespace: string, job: string): string {
  return `${namespace}/${job}`
}

function readRevision(secret: JsonObject): readonly [string, number] | undefined {
  const name = textAt(secret, 'metadata', 'labels', jobLabel)
  const deployed = ledgerIn(secret)?.revisions.findLast(({ state }) => state === 'deployed')
  return name === undefined || deployed === undefined ? undefined : [revisionKey(textAt(secret, 'metadata', 'namespace') ?? '', name), deployed.number]
}
