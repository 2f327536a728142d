import { at, objectsAt, textAt } from '../check/json-paths.ts'
import { prefix } from '../inject/names.ts'
import { valueAt } from '../manifest/patch-data.ts'
import { workloadsIn } from '../manifest/workloads.ts'
import type { AmountStyle, AmountWriting, Base } from '../placement/amount-text.ts'
import { type Demand, demandOf } from '../placement/demand.ts'
import { needsNamespaces } from '../placement/neighbour-rules.ts'
import { Neighbourhood } from '../placement/neighbourhood.ts'
import type { WantedWorkload } from '../placement/plan-workload.ts'
import { ownerOf } from '../placement/pod-owner.ts'
import { wishOf } from '../placement/workload.ts'
import { isSame, type JsonObject } from '../units/json.ts'
import { type ClaimQuestion, readClaims } from './claim-facts.ts'
import type { Seen, TriedObject, Trying } from './try-object.ts'
import { type NamedProblem, ownerNameOf } from './tried-outcome.ts'
import { lockBoundsOf, podOf, tryPod, type TriedPod } from './try-pod.ts'

/** A workload that can be planned, or why it will never be. */
export type WantedOrRejected = { readonly kind: 'wanted'; readonly wanted: WantedWorkload; /** Why it gets no more pods than it has. */ readonly growth?: NamedProblem } | ({ readonly kind: 'rejected' } & NamedProblem) | { readonly kind: 'none' }

/** Finds out what the pods of a workload would be. Throws where the API server cannot be reached. */
export async function wantedWorkloadOf(trying: Trying, { object, style, namespace, tried }: Seen, accounts: ReadonlySet<string>): Promise<WantedOrRejected> {
  // As the API server has completed it; where it was not tried, as it stands in the manifest.
  const workload: JsonObject = tried.kind === 'taken' ? { apiVersion: object['apiVersion'], kind: object['kind'], ...tried.after } : object
  const pod = podOf(workload)
  const kind = textAt(object, 'kind') ?? ''
  const name = textAt(workload, 'metadata', 'name') ?? textAt(object, 'metadata', 'generateName') ?? ''
  if (pod === undefined) return { kind: 'none' }
  const trial = await tryPod(trying, pod, namespace, accounts)
  const refusal = (message: string): NamedProblem => ({ name: ownerNameOf({ ...workload, metadata: object['metadata'] }), problem: { code: 'rejected-by-cluster', detail: `a pod of ${kind} ${name}: ${message}` } })
  const wish = wishOf(workload)
  const isTemplateChanged = tried.live !== undefined && !isSame(templateOf(tried.live, object), templateOf(workload, object))
  // What runs of the same template stays, and may be made fewer.
  const isNew = tried.live === undefined || isTemplateChanged
  if (trial.kind === 'rejected' && isNew && wish.instances !== 0) return { kind: 'rejected', ...refusal(trial.message) }
  const made = trial.kind === 'rejected' ? pod : trial.pod
  const claims = await readClaims({ asker: trying.asker, namespace, workload, pod: made, instances: typeof wish.instances === 'number' ? wish.instances : 1, ...claimsOf(trying, namespace) })
  const demand = await demandFor(trying, made, namespace, claims.forOnePod)
  const owner = ownerOf(kind, namespace, name, textAt(tried.live, 'metadata', 'uid'))
  const wanted: WantedWorkload = {
    kind,
    name,
    namespace,
    wish,
    pod: made,
    demand,
    places: claims.places,
    placesByOrdinal: claims.byOrdinal,
    judgedBy: trial.kind === 'made' ? 'dry-run' : 'as-written',
    isTemplateChanged,
    revision: isTemplateChanged ? undefined : textAt(tried.live, 'status', 'updateRevision'),
    lock: lockBoundsOf(made),
    interest: { owner, neighbourhood: new Neighbourhood(demand, await trying.namespaces.labelsOf(namespace)) },
    writing: writingOf(pod, style),
    notJudged: [...claims.notJudged, ...whyUntried(tried), ...whyAsWritten(trial), ...waitsOf(made), ...(await quotaOf(trying, namespace)), ...(style === 'compose' ? memoryOf(made) : [])],
  }
  return { kind: 'wanted', wanted, ...(trial.kind === 'over-quota' || trial.kind === 'rejected' ? { growth: refusal(trial.message) } : {}) }
}

/** Claims that come along, by name, and those of them that are known as the cluster has them. */
function claimsOf({ objects, known }: Trying, namespace: string): Pick<ClaimQuestion, 'brought' | 'seen'> {
  const claims = objects.filter((object) => object['kind'] === 'PersistentVolumeClaim' && (textAt(object, 'metadata', 'namespace') ?? namespace) === namespace)
  const seen = claims.flatMap((claim) => {
    const tried = known.get(claim)
    return tried?.kind === 'taken' ? [[claimName(claim), tried.live ?? tried.after] as const] : []
  })
  return { brought: new Map(claims.map((claim) => [claimName(claim), claim])), seen: new Map(seen) }
}

function claimName(claim: JsonObject): string {
  return textAt(claim, 'metadata', 'name') ?? ''
}

/** Only where a rule of the pod selects namespaces is it asked which there are. */
async function demandFor({ namespaces }: Trying, pod: JsonObject, namespace: string, claimsAlone: readonly string[]): Promise<Demand> {
  return demandOf(pod, namespace, needsNamespaces(pod['spec']) ? await namespaces.all() : undefined, claimsAlone)
}

/** The pod template of a workload; of a Pod, nothing: it is not made anew. */
function templateOf(workload: JsonObject, { apiVersion, kind }: JsonObject): unknown {
  const [found] = workloadsIn({ ...workload, apiVersion, kind })
  if (kind === 'Pod' || found === undefined || !('template' in found)) return undefined
  return valueAt(workload, found.template)
}

function whyUntried(tried: TriedObject): readonly string[] {
  return tried.kind === 'failed' ? [`what the API server makes of it (${tried.message})`] : []
}

function whyAsWritten(trial: TriedPod): readonly string[] {
  if (trial.kind === 'made') return []
  return [`what webhooks and LimitRanges add to its pods (${trial.kind === 'as-written' ? trial.why : trial.message})`]
}

/** What it waits for before it queues for the lock may take any time, up to a bound of its own. */
function waitsOf(pod: JsonObject): readonly string[] {
  const waits = textAt(pod, 'metadata', 'annotations', `${prefix}depends-on`)
  return waits === undefined ? [] : [`how long its pods wait for what they depend on (${waits})`]
}

/** The dry run has counted one pod. */
async function quotaOf({ asker }: Trying, namespace: string): Promise<readonly string[]> {
  const quotas = await asker.ask('quotas', () => asker.list(`/api/v1/namespaces/${namespace}/resourcequotas`))
  if (quotas.kind !== 'told') return ['quotas of the namespace, which could not be listed']
  return quotas.value.length === 0 ? [] : ['quotas of the namespace, for more than one pod']
}

/** What asks for no memory may take any; a job file that does not say it is warned of that. */
function memoryOf(pod: JsonObject): readonly string[] {
  const sidecars = objectsAt(pod, 'spec', 'initContainers').filter(({ restartPolicy }) => restartPolicy === 'Always')
  const silent = [...sidecars, ...objectsAt(pod, 'spec', 'containers')].filter((each) => at(each, 'resources', 'requests', 'memory') === undefined)
  return silent.length === 0 ? [] : [`the memory of ${silent.map((each) => textAt(each, 'name')).join(', ')}, for which none is asked`]
}

function writingOf(pod: JsonObject, style: AmountStyle): AmountWriting {
  if (style === 'compose') return { style, memory: 'binary', disk: 'binary' }
  return { style, memory: baseOf(pod, 'memory'), disk: baseOf(pod, 'ephemeral-storage') }
}

/** As the first container writes it that asks for any. */
function baseOf(pod: JsonObject, resource: string): Base {
  const written = objectsAt(pod, 'spec', 'containers').map((container) => at(container, 'resources', 'requests', resource) ?? at(container, 'resources', 'limits', resource))
  const first = written.find((value) => value !== undefined)
  return typeof first === 'string' && /\d[kMGTPE]$/.test(first) ? 'decimal' : 'binary'
}
