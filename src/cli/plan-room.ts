import { textAt } from '../check/json-paths.ts'
import { jobFieldManager } from '../job/names.ts'
import { workloadsIn } from '../manifest/workloads.ts'
import type { AmountStyle } from '../placement/amount-text.ts'
import type { ClusterRoom } from '../placement/cluster-room.ts'
import { Ground } from '../placement/ground.ts'
import { planWorkload, type WantedWorkload } from '../placement/plan-workload.ts'
import type { RoomPlan, WorkloadPlan } from '../placement/room-plan.ts'
import type { JsonObject } from '../units/json.ts'
import { mapBounded } from '../units/map-bounded.ts'
import type { JoinedAdmin } from './admin-cluster.ts'
import { askWith } from './asker.ts'
import { nodesFree, readClusterRoom } from './cluster-room.ts'
import { NamespaceFacts } from './namespace-facts.ts'
import { ObjectPaths } from './object-paths.ts'
import { type PlannedObject, type Seen, type TriedObject, type Trying, tryObject } from './try-object.ts'
import { changeOf, type NamedProblem, ownerNameOf, rejectionOf } from './tried-outcome.ts'
import { withoutLock } from './without-lock.ts'
import { type WantedOrRejected, wantedWorkloadOf } from './wanted-workload.ts'

/** How room is planned. */
export interface PlanOptions {
  /** Of objects that name none. */
  readonly namespace: string
  readonly signal: AbortSignal
  /** Of a job: its problems name it, and amounts are written as in Compose, where `2G` is binary. */
  readonly jobName?: string
  /** Else as Compose for a job, and as Kubernetes for all else. */
  readonly amounts?: AmountStyle
  /** As whom the objects will be applied; else as whoever has applied them before. */
  readonly fieldManager?: string
  /** What is known already of objects, which are not tried again. */
  readonly tried?: ReadonlyMap<JsonObject, TriedObject>
  /** Whether all objects are tried, for what would change; else workloads alone. */
  readonly withChanges?: boolean
}

/**
 * Finds out whether there is room in a cluster for the workloads among some objects, beside all that runs there, and where;
 * and, where asked for, what would change. Nothing is changed: the API server is asked by dry runs. That takes for each
 * workload what is there, a dry run of it and of a pod; and once the nodes, all pods by pages of 500, and the quotas of each namespace.
 *
 * What is rejected is a problem of the plan. Throws where the cluster cannot be reached, there is no such namespace, or nodes
 * or pods may not be listed; the message says what to do.
 */
export function planObjects(admin: JoinedAdmin, objects: readonly JsonObject[], options: PlanOptions): Promise<RoomPlan> {
  const style = options.amounts ?? (options.jobName === undefined ? 'kubernetes' : 'compose')
  return planAll(admin, objects.map((object) => ({ object, style })), options)
}

const triedAtATime = 4

/** As {@link planObjects}, of objects that come from several files. */
export async function planAll(admin: JoinedAdmin, objects: readonly PlannedObject[], options: PlanOptions): Promise<RoomPlan> {
  const asker = askWith(admin, options.signal)
  const trying: Trying = { admin, asker, paths: new ObjectPaths(asker), namespaces: new NamespaceFacts(asker), objects: objects.map(({ object }) => object), known: options.tried ?? new Map(), fieldManager: options.fieldManager }
  const chosen = objects.filter(({ object }) => options.withChanges === true || isWorkload(object))
  const tried = await mapBounded(chosen, triedAtATime, async (planned): Promise<Seen> => {
    const namespace = textAt(planned.object, 'metadata', 'namespace') ?? options.namespace
    return { ...planned, namespace, tried: options.tried?.get(planned.object) ?? (await tryObject({ ...trying, fieldManager: managerOf(planned, options) }, planned.object, namespace)) }
  })
  refuseMissingNamespace(admin, tried)
  const workloads = await mapBounded(tried.filter(({ object }) => isWorkload(object)), triedAtATime, (seen) => wantedWorkloadOf(trying, seen, accountsIn(objects)))
  const found = workloads.filter((each) => each.kind === 'wanted')
  const wanted = found.map((each) => each.wanted)
  const cluster = await readClusterRoom(admin, asker, wanted.map(({ interest }) => interest))
  const nodes = nodesFree(cluster.rooms)
  const plans = planEach(wanted, cluster)
  const growths = found.flatMap(({ growth }, index) => (growth !== undefined && isGrowing(plans[index]) ? [growth] : []))
  const first = firstProblem([...tried.flatMap((seen) => rejectionOf(seen) ?? []), ...workloads.flatMap((each) => (each.kind === 'rejected' ? [each] : [])), ...growths], plans, tried)
  const warnings = wanted.flatMap((each) => withoutLock(each) ?? [])
  return {
    ...(first === undefined ? {} : { problem: first.problem, problemOf: options.jobName ?? first.name }),
    workloads: plans,
    nodes,
    changes: options.withChanges === true ? tried.map(changeOf) : [],
    warnings,
    notes: [...warnings, ...notesOf(cluster.othersWaiting, workloads)],
  }
}

/** What the cluster does not take comes before what it has no room for. */
function firstProblem(rejections: readonly NamedProblem[], plans: readonly WorkloadPlan[], tried: readonly Seen[]): NamedProblem | undefined {
  const lacking = plans.flatMap((plan) => (plan.problem === undefined ? [] : [{ name: nameOf(plan, tried), problem: plan.problem }]))
  return [...rejections, ...lacking][0]
}

/** Whether it is to have more pods than now. */
function isGrowing(plan: WorkloadPlan | undefined): boolean {
  return plan !== undefined && plan.needed > plan.outdated
}

/** The objects of a job are applied as `usher job` does it. */
function managerOf({ style }: PlannedObject, { fieldManager }: PlanOptions): string | undefined {
  return fieldManager ?? (style === 'compose' ? jobFieldManager : undefined)
}

function isWorkload(object: JsonObject): boolean {
  const [workload] = workloadsIn(object)
  return workload !== undefined && 'template' in workload
}

function accountsIn(objects: readonly PlannedObject[]): ReadonlySet<string> {
  return new Set(objects.flatMap(({ object }) => (object['kind'] === 'ServiceAccount' ? (textAt(object, 'metadata', 'name') ?? []) : [])))
}

/** A namespace that comes with the objects need not be there yet. */
function refuseMissingNamespace({ title }: JoinedAdmin, tried: readonly Seen[]): void {
  const made = new Set(tried.flatMap(({ object }) => (object['kind'] === 'Namespace' ? (textAt(object, 'metadata', 'name') ?? []) : [])))
  const missing = tried.find(({ namespace, tried: { kind, ...rest } }) => kind === 'failed' && 'message' in rest && rest.message.includes(`namespaces "${namespace}" not found`) && !made.has(namespace))
  if (missing !== undefined) throw new Error(`there is no namespace ${missing.namespace} (${title}); kubectl get namespaces lists those that there are`)
}

/** The largest first, as they are the hardest to place; in the order of the files in the end. */
function planEach(wanted: readonly WantedWorkload[], cluster: ClusterRoom): readonly WorkloadPlan[] {
  const plans = new Map<WantedWorkload, WorkloadPlan>()
  let ground = Ground.of(cluster.rooms, wanted.map(({ interest }) => interest))
  for (const each of wanted.toSorted((left, right) => sizeOf(right) - sizeOf(left))) {
    const planned = planWorkload(each, cluster, ground)
    plans.set(each, planned.plan)
    ground = planned.ground
  }
  return wanted.flatMap((each) => plans.get(each) ?? [])
}

function sizeOf({ demand }: WantedWorkload): number {
  return demand.requests.get('memory') ?? 0
}

function nameOf({ kind, name, namespace }: WorkloadPlan, tried: readonly Seen[]): string {
  const seen = tried.find((each) => each.namespace === namespace && each.object['kind'] === kind && textAt(each.object, 'metadata', 'name') === name)
  return seen === undefined ? name : ownerNameOf(seen.object)
}

function notesOf(othersWaiting: number, workloads: readonly WantedOrRejected[]): readonly string[] {
  const notes: string[] = []
  if (othersWaiting > 0) notes.push(`${othersWaiting === 1 ? 'a pod of others waits' : `${othersWaiting} pods of others wait`} for a node, too, and may take the room`)
  if (workloads.every(({ kind }) => kind === 'none')) notes.push('none of the objects makes pods of a kind that usher knows, so that none needs room')
  if (workloads.filter(({ kind }) => kind === 'wanted').length > 1) notes.push('the workloads are put on the nodes one after the other, the largest first: the scheduler may find another order')
  return notes
}
