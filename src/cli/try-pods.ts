import { textAt } from '../check/json-paths.ts'
import { type Forms, formsOf, without } from '../enable/forms.ts'
import type { NamespaceState } from '../enable/namespace-state.ts'
import { type Feature, isChange, type Plan } from '../enable/plan.ts'
import { type Attempt, isInjected, readRefusal, type Trial } from '../enable/trial.ts'
import type { DecisionContext } from '../inject/context.ts'
import type { JsonObject } from '../units/json.ts'
import { mapBounded } from '../units/map-bounded.ts'
import type { JoinedAdmin } from './admin-cluster.ts'
import type { Asker } from './asker.ts'
import type { Progress } from './progress.ts'

/** In which namespace pods are tried, and how. */
export interface TryingGround {
  readonly admin: JoinedAdmin
  readonly asker: Asker
  readonly namespace: string
  /** What the namespace's label says now. */
  readonly now: NamespaceState
  /** What the webhook would know of its pods, were it on. */
  readonly enabled: DecisionContext
  /** Whether the webhook cannot be asked. */
  readonly byHand: boolean
}

/** What came of a trial. */
export interface Tried {
  readonly trial: Trial
  /** Whether the webhook has reviewed the pod that it should; undefined where that cannot be told. */
  readonly isCalled: boolean | undefined
}

// Each is a request that goes through all webhooks of the cluster.
const triedAtATime = 4

/**
 * Has the API server say what it would make of the pods of workloads, as they are now and as they will be; nothing is
 * created. Of those that cannot be told apart one is tried.
 *
 * @returns for each plan that changes something, by its candidate's key.
 */
export async function tryPods(ground: TryingGround, plans: readonly Plan[], progress: Progress): Promise<ReadonlyMap<string, Tried>> {
  const distinct = new Map(plans.filter(isChange).map((plan) => [plan.candidate.key, plan]))
  let done = 0
  const tried = await mapBounded([...distinct], triedAtATime, async ([key, plan]): Promise<readonly [string, Tried]> => {
    const result = await tryPod(ground, plan)
    progress.steps(++done, distinct.size, 'pods tried')
    return [key, result]
  })
  return new Map(tried)
}

/** Tries the pods of one workload. */
export async function tryPod(ground: TryingGround, plan: Plan): Promise<Tried> {
  const { pod } = plan.candidate
  const forms = formsOf(pod, ground.now, ground.enabled, ground.byHand)
  const isGain = plan.change === 'gains'
  const [podBefore, podAfter] = isGain ? [forms.bare, forms.injected] : [forms.injected, forms.bare]
  const before = await attempt(ground, podBefore)
  const after = await attempt(ground, podAfter)
  const isCalled = calledBy(forms, isGain ? after : before, plan)
  if (before.kind !== 'made' || after.kind !== 'rejected') return { trial: { before, after, cures: [] }, isCalled }

  // A policy may have something against the label by which the pod opts in, which pods will not have.
  if (isGain && forms.marked !== undefined && (await attempt(ground, forms.marked)).kind === 'rejected') return tryPod({ ...ground, byHand: true }, plan)
  // A quota may have filled up in between.
  const again = await attempt(ground, podBefore)
  if (again.kind !== 'made') return { trial: { before: again, after, cures: [] }, isCalled }
  return { trial: { before, after, cures: isGain ? await curesOf(ground, pod, forms) : [] }, isCalled }
}

function calledBy({ byWebhook }: Forms, injected: Attempt, { effect }: Plan): boolean | undefined {
  if (!byWebhook || injected.kind !== 'made') return undefined
  // What needs the init container is left out while no lock is to be had, and then it may be that nothing is put in.
  return isInjected(injected) || (effect?.nap?.method === 'native' ? false : undefined)
}

/** The parts of the injection without which the pod is not rejected, each by itself. */
async function curesOf(ground: TryingGround, pod: JsonObject, { byWebhook }: Forms): Promise<readonly Feature[]> {
  const cures: Feature[] = []
  for (const feature of ['lock', 'nap'] as const) {
    const { injected } = formsOf(without(feature, pod), ground.now, ground.enabled, !byWebhook)
    // oxlint-disable-next-line no-await-in-loop -- few are rejected
    if ((await attempt(ground, injected)).kind === 'made') cures.push(feature)
  }
  return cures
}

async function attempt({ admin: { kube }, asker, namespace }: TryingGround, pod: JsonObject): Promise<Attempt> {
  try {
    return { kind: 'made', pod: await asker.post(`/api/v1/namespaces/${namespace}/pods`, pod, { dryRun: 'All' }) }
  } catch (error) {
    if (!(error instanceof kube.ApiError)) return { kind: 'failed', message: error instanceof Error ? error.message : String(error) }
    return readRefusal(error.status, textAt(error.document, 'message') ?? error.message)
  }
}

/**
 * Whether the API server asks the webhook about pods of the namespace, by what was tried; where that does not tell, by a
 * pod that the webhook would surely change. True where nothing tells.
 */
export async function isWebhookCalled(ground: TryingGround, tried: readonly Tried[], probe: Plan): Promise<boolean> {
  const told = tried.flatMap(({ isCalled }) => isCalled ?? [])
  if (told.length > 0) return told.includes(true)
  const forms = formsOf(probe.candidate.pod, ground.now, ground.enabled, ground.byHand)
  return !forms.byWebhook || (calledBy(forms, await attempt(ground, forms.injected), probe) ?? true)
}
