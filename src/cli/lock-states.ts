import { hasContainer } from '../check/installation.ts'
import { at } from '../check/json-paths.ts'
import { calledNamespaces, webhookConfigurationsPath } from '../check/registration.ts'
import { type LockPod, lockSelector, readLockPod } from '../status/lock-pods.ts'
import { byNode, type NodeStatus, readState } from '../status/node-status.ts'
import type { JsonObject } from '../units/json.ts'
import { mapBounded } from '../units/map-bounded.ts'
import { explainFailure, type JoinedAdmin } from './admin-cluster.ts'

/** Where usher is installed unless somebody has chosen otherwise. */
export const usualNamespace = 'usher-system'

/** The locks of one installation. */
export interface FoundLocks {
  readonly namespace: string
  readonly locks: readonly LockPod[]
  /** Others in which there are locks, too; those of the one to which the webhook configuration leads were taken. */
  readonly others: readonly string[]
}

/**
 * Finds the pods of the locks, in the namespace that was asked for, or wherever they are.
 *
 * @throws where the API server does not tell, there are none, or there are several and none that the webhook configuration
 * names.
 */
export async function findLocks(admin: JoinedAdmin, signal: AbortSignal): Promise<FoundLocks> {
  const pods = await listLocks(admin, signal)
  const namespaces = [...new Set(pods.map(({ namespace }) => namespace))].toSorted()
  const [first, second] = namespaces
  if (first === undefined) throw new Error(await whyNone(admin, signal))
  if (second === undefined) return { namespace: first, locks: pods, others: [] }
  const called = await listCalled(admin, signal)
  const [namespace, another] = namespaces.filter((each) => called.includes(each))
  if (namespace === undefined || another !== undefined) {
    throw new Error(`usher is installed ${namespaces.length} times, in ${namespaces.join(', ')}: choose one with --namespace; a cluster should have one (usher check)`)
  }
  return { namespace, locks: pods.filter((lock) => lock.namespace === namespace), others: namespaces.filter((each) => each !== namespace) }
}

/** The namespaces to which the webhook configurations lead; none where we may not look. */
async function listCalled({ kube, config }: JoinedAdmin, signal: AbortSignal): Promise<readonly string[]> {
  return calledNamespaces(await kube.listAll(config, { path: webhookConfigurationsPath, signal }).catch((): readonly JsonObject[] => []))
}

async function listLocks(admin: JoinedAdmin, signal: AbortSignal): Promise<readonly LockPod[]> {
  const { kube, namespace } = admin
  try {
    return await listIn(admin, namespace, signal)
  } catch (error) {
    // Whoever may see usher's own namespace alone sees enough.
    if (!(error instanceof kube.ApiError && error.status === 403) || namespace !== undefined) throw explainFailure(admin, error)
    try {
      return await listIn(admin, usualNamespace, signal)
    } catch {
      throw explainFailure(admin, error)
    }
  }
}

async function listIn({ kube, config }: JoinedAdmin, namespace: string | undefined, signal: AbortSignal): Promise<readonly LockPod[]> {
  const path = `/api/v1/${namespace === undefined ? '' : `namespaces/${namespace}/`}pods`
  return (await kube.listAll(config, { path, query: { labelSelector: lockSelector }, signal })).filter((pod) => hasContainer(pod, 'lock')).map(readLockPod)
}

/** An installation without pods is mended in another way than none. */
async function whyNone({ kube, config, namespace }: JoinedAdmin, signal: AbortSignal): Promise<string> {
  const place = namespace === undefined ? 'in this cluster' : `in namespace ${namespace}`
  const path = `/apis/apps/v1/${namespace === undefined ? '' : `namespaces/${namespace}/`}daemonsets`
  const sets = await kube.listAll(config, { path, query: { labelSelector: lockSelector }, signal }).catch((): readonly JsonObject[] => [])
  if (sets.some((set) => hasContainer(at(set, 'spec', 'template'), 'lock'))) return `no node has a lock ${place}, though its DaemonSet is there; kubectl describe daemonset -A -l ${lockSelector} says why`
  const other = namespace === undefined ? '' : ', or leave out --namespace to look everywhere'
  return `usher's lock is not installed ${place}: no pod has the labels ${lockSelector}; install it (usher install, or helm install usher …)${other}`
}

// A lock answers within milliseconds; a node that is gone, never.
const answerWithinMs = 5_000
const askedAtATime = 16

/** Asks each lock for its state. Never throws for a lock: what is wrong with it stands in its place. */
export async function readStates(admin: JoinedAdmin, locks: readonly LockPod[], signal: AbortSignal): Promise<readonly NodeStatus[]> {
  return byNode(await mapBounded(locks, askedAtATime, (lock) => readOne(admin, lock, signal)))
}

async function readOne(admin: JoinedAdmin, lock: LockPod, signal: AbortSignal): Promise<NodeStatus> {
  const { namespace, pod, node, port } = lock
  if (node === undefined) return { lock, problem: lock.trouble ?? 'is not scheduled' }
  try {
    const answer = await admin.kube.askPodJson(admin.config, { namespace, pod, port, path: '/v1/state', ways: waysTo(lock), withinMs: answerWithinMs }, signal)
    const state = readState(answer)
    return state === undefined ? { lock, problem: `${pod} answers, and not as a lock of this version; usher check compares the versions` } : { lock, state }
  } catch (error) {
    if (signal.aborted) throw error
    return { lock, problem: problemOf(admin, lock, error) }
  }
}

/**
 * By default a lock is read from its own node alone, where the kubelet forwards ports to, and the API server mostly is
 * not. Where others may read, the proxy is one request, and not a connection through three.
 */
function waysTo({ readers = 'node' }: LockPod): readonly ('proxy' | 'port-forward')[] {
  return readers === 'node' ? ['port-forward', 'proxy'] : ['proxy', 'port-forward']
}

function problemOf({ kube }: JoinedAdmin, { namespace, pod, isReady, trouble }: LockPod, error: unknown): string {
  const logs = `kubectl logs -n ${namespace} ${pod} -c lock`
  if (!isReady) return `the lock does not run (${trouble ?? 'is not ready'}); ${logs}`
  if (!(error instanceof kube.PodSilentError)) return error instanceof Error ? error.message : String(error)
  const isRefused = error.attempts.some(({ error: each }) => each instanceof kube.ApiError && each.status === 403 && each.document?.['kind'] === 'Status')
  return `${error.message}${isRefused ? '; it takes the right to get and create pods/portforward, or to get pods/proxy, there' : ''}`
}
