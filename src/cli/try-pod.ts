import { flagOf, named, objectsAt, textAt } from '../check/json-paths.ts'
import { candidateOf } from '../enable/candidate.ts'
import { lockContainerName } from '../inject/names.ts'
import type { LockBounds } from '../placement/slowest-start.ts'
import { parseSeconds } from '../units/duration.ts'
import { isObject, type JsonObject } from '../units/json.ts'
import { refusalOf, type Trying } from './try-object.ts'

/** A pod of a workload, as the API server would make it. */
export type TriedPod =
  | { readonly kind: 'made'; readonly pod: JsonObject }
  | { readonly kind: 'rejected'; readonly message: string }
  /** A quota has no room for one more: where none is needed, that is no fault. The pod as the manifest has it. */
  | { readonly kind: 'over-quota'; readonly pod: JsonObject; readonly message: string }
  /** It could not be tried: as the manifest has it. */
  | { readonly kind: 'as-written'; readonly pod: JsonObject; readonly why: string }

/** The pod that a workload's controller would create, with a name of its own; undefined: the workload has no template. */
export function podOf(workload: JsonObject): JsonObject | undefined {
  if (workload['kind'] !== 'Pod') return candidateOf(workload)?.pod
  const { metadata, spec } = workload
  const { labels, annotations } = isObject(metadata) ? metadata : {}
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { generateName: `${textAt(workload, 'metadata', 'name') ?? 'pod'}-`, ...(labels === undefined ? {} : { labels }), ...(annotations === undefined ? {} : { annotations }) },
    spec: spec ?? null,
  }
}

/**
 * Has the API server say what would really be created: by webhooks, LimitRanges and overhead. Nothing is. Throws where it
 * cannot be reached.
 *
 * @param accounts service accounts that come with the workload, and need not be there yet.
 */
export async function tryPod(trying: Trying, pod: JsonObject, namespace: string, accounts: ReadonlySet<string>): Promise<TriedPod> {
  const account = textAt(pod, 'spec', 'serviceAccountName')
  try {
    return { kind: 'made', pod: await create(trying, pod, namespace) }
  } catch (error) {
    const { kind, message } = refusalOf(trying.admin, error)
    if (kind === 'failed') return { kind: 'as-written', pod, why: message }
    // The quota's admission in the API server, plugin/pkg/admission/resourcequota, has these words.
    if (message.includes('exceeded quota:')) return { kind: 'over-quota', pod, message }
    if (account === undefined || !accounts.has(account) || !message.includes('service account')) return { kind: 'rejected', message }
  }
  return tryPod(trying, withoutAccount(pod), namespace, accounts)
}

function create({ asker }: Trying, pod: JsonObject, namespace: string): Promise<JsonObject> {
  return asker.post(`/api/v1/namespaces/${namespace}/pods`, pod, { dryRun: 'All' })
}

function withoutAccount(pod: JsonObject): JsonObject {
  const { serviceAccountName: _name, serviceAccount: _old, ...spec } = isObject(pod['spec']) ? pod['spec'] : {}
  return { ...pod, spec }
}

/** What bounds the wait of a pod for the startup lock; undefined: it does not wait for one. */
export function lockBoundsOf(pod: JsonObject): LockBounds | undefined {
  const container = named(objectsAt(pod, 'spec', 'initContainers'), lockContainerName)
  const [lease, wait] = ['duration', 'max-wait'].map((flag) => parseSeconds(flagOf(container, flag) ?? ''))
  return lease === undefined || wait === undefined ? undefined : { leaseSeconds: lease, maxWaitSeconds: wait }
}
