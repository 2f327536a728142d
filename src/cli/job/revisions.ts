import { gunzipSync } from 'node:zlib'
import { at, objectsAt, textAt } from '../../check/json-paths.ts'
import { jobLabel } from '../../job/names.ts'
import type { JsonObject } from '../../units/json.ts'
import type { Asker } from '../asker.ts'

/** By `NAMESPACE/JOB`, the revisions that are deployed. */
export type Revisions = ReadonlyMap<string, number>

// Of what a Secret can hold.
const mostBytes = 64 * 1024 * 1024

/**
 * Asks for the ledgers of jobs, in which their revisions are. None where they may not be read: whoever looks at a job need
 * not be allowed to read Secrets.
 *
 * @param namespace undefined: of all.
 * @param job undefined: of all.
 */
export async function readRevisions(asker: Asker, namespace: string | undefined, job?: string): Promise<Revisions> {
  const path = `/api/v1/${namespace === undefined ? '' : `namespaces/${encodeURIComponent(namespace)}/`}secrets`
  const query = { labelSelector: job === undefined ? jobLabel : `${jobLabel}=${job}`, fieldSelector: 'type=usher.dev/job' }
  const listed = await asker.ask('ledgers of jobs', () => asker.listPicked(path, query, readRevision))
  return new Map(listed.kind === 'told' ? listed.value : [])
}

/** The key of {@link Revisions}. */
export function revisionKey(namespace: string, job: string): string {
  return `${namespace}/${job}`
}

function readRevision(secret: JsonObject): readonly [string, number] | undefined {
  const data = at(secret, 'data', 'ledger')
  const name = textAt(secret, 'metadata', 'labels', jobLabel)
  if (typeof data !== 'string' || name === undefined) return undefined
  const deployed = objectsAt(decode(data), 'revisions').findLast(({ state }) => state === 'deployed')
  const number = deployed?.['number']
  return typeof number === 'number' ? [revisionKey(textAt(secret, 'metadata', 'namespace') ?? '', name), number] : undefined
}

/** What was not written by usher, or by a newer one, tells nothing. */
function decode(data: string): unknown {
  try {
    return JSON.parse(gunzipSync(Buffer.from(data, 'base64'), { maxOutputLength: mostBytes }).toString())
  } catch {
    return undefined
  }
}
