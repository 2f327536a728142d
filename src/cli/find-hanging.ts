import { nameOf, named, objectsAt, textAt, at } from '../check/json-paths.ts'
import { findHang, type Hang, type HangBounds } from '../rescue/hang.ts'
import { type Known, planRescue, type Wish } from '../rescue/plan.ts'
import type { Planned } from '../rescue/report.ts'
import { pathOfOwner, readSuccessor, type Successor, successorOf, whyNoSuccessor } from '../rescue/successor.ts'
import { lockSelector } from '../status/lock-pods.ts'
import type { JsonObject } from '../units/json.ts'
import { mapBounded } from '../units/map-bounded.ts'
import { explainFailure, type JoinedAdmin } from './admin-cluster.ts'
import type { Asker } from './asker.ts'

/** A pod that hangs, as it was seen. */
export interface HangingPod {
  readonly hang: Hang
  readonly pod: JsonObject
}

/**
 * The clock of the API server, which the times in statuses are nearer to than to ours; ours, where it does not tell.
 *
 * @throws where the cluster cannot be reached.
 */
export async function serverTime(admin: JoinedAdmin, signal: AbortSignal): Promise<number> {
  const { kube, config } = admin
  let nowMs: number | undefined
  try {
    await kube.requestJson(config, { path: '/version', signal, onClock: (ms) => (nowMs = ms) })
  } catch (error) {
    // The lists that follow may be allowed all the same.
    if (!(error instanceof kube.ApiError && error.status === 403)) throw explainFailure(admin, error)
  }
  return nowMs ?? Date.now()
}

/**
 * Finds the pods that hang on usher-lock: in all namespaces, in one, or one pod of it.
 *
 * @throws where the API server does not tell, or there is no such pod.
 */
export async function findHanging(admin: JoinedAdmin, asker: Asker, place: { readonly namespace: string | undefined; readonly pod: string | undefined }, bounds: HangBounds): Promise<readonly HangingPod[]> {
  const { namespace, pod: name } = place
  const path = `/api/v1/${namespace === undefined ? '' : `namespaces/${namespace}/`}pods`
  const read = (pod: JsonObject): HangingPod | undefined => {
    const hang = findHang(pod, bounds)
    return hang === undefined ? undefined : { hang, pod }
  }
  try {
    if (name === undefined) return await asker.listPicked(path, { fieldSelector: 'status.phase=Pending' }, read)
    const pod = await asker.getIfThere(`${path}/${name}`)
    if (pod === undefined) throw new NoPodError(`there is no pod ${namespace}/${name} (${admin.title})`)
    const found = read(pod)
    return found === undefined ? [] : [found]
  } catch (error) {
    throw error instanceof NoPodError ? error : explainFailure(admin, error)
  }
}

class NoPodError extends Error {
  override readonly name = 'NoPodError'
}

const askedAtATime = 4

/** Plans for each pod what frees it. What cannot be asked for that is not known, and no more. */
export async function planAll(asker: Asker, hanging: readonly HangingPod[], wish: Wish, usherNamespace: string | undefined): Promise<readonly Planned[]> {
  const images = wish.by === 'delete' || wish.image !== undefined ? new Map<string, readonly string[]>() : await heldImages(asker, usherNamespace)
  const known = ({ node }: Hang, successor?: Successor): Known => ({ images: images.get(node) ?? [], successor })
  const first = hanging.map(({ hang, pod }) => ({ hang, pod, rescue: planRescue(hang, wish, known(hang)) }))

  // One pod of each owner tells for all: they have one template, and the webhook one mind.
  const owners = new Map(first.flatMap(({ hang, pod, rescue }) => (rescue.kind === 'delete' ? [[rescue.owner.uid, { hang, pod }] as const] : [])))
  const successors = new Map(await mapBounded([...owners], askedAtATime, async ([uid, each]) => [uid, await askSuccessor(asker, each)] as const))
  return first.map(({ hang, rescue }) =>
    rescue.kind === 'delete' ? { hang, rescue: planRescue(hang, wish, known(hang, successors.get(rescue.owner.uid))) } : { hang, rescue },
  )
}

/** By node, the images of usher-wait that run there, in the pods of the locks. */
async function heldImages(asker: Asker, namespace: string | undefined): Promise<ReadonlyMap<string, readonly string[]>> {
  const path = `/api/v1/${namespace === undefined ? '' : `namespaces/${namespace}/`}pods`
  const pods = await asker.ask('pods of the lock', () => asker.list(path, { labelSelector: lockSelector }))
  const images = new Map<string, readonly string[]>()
  for (const pod of pods.kind === 'told' ? pods.value : []) {
    const node = textAt(pod, 'spec', 'nodeName')
    const image = textAt(named(objectsAt(pod, 'spec', 'containers'), holdName), 'image')
    const status = named(objectsAt(pod, 'status', 'containerStatuses'), holdName)
    if (node === undefined || image === undefined || at(status, 'state', 'running') === undefined) continue
    images.set(node, [...(images.get(node) ?? []), image])
  }
  return images
}

// Of the chart: it does nothing but run the init container's image.
const holdName = 'hold'

/** Has the API server say what the owner's next pod would get; nothing is created. */
async function askSuccessor(asker: Asker, { hang: { namespace, owner }, pod }: HangingPod): Promise<Successor> {
  if (owner === undefined) return { kind: 'unknown', why: `${nameOf(pod)} has no owner` }
  const path = pathOfOwner(namespace, owner)
  if (path === undefined) return { kind: 'unknown', why: `where a ${owner.kind} has its template is not known` }
  const found = await asker.ask('workloads', () => asker.get(path))
  if (found.kind !== 'told') return { kind: 'unknown', why: found.message }
  const why = whyNoSuccessor(owner, found.value)
  if (why !== undefined) return { kind: 'unknown', why }
  return readSuccessor(await asker.ask('dry runs of pods', () => asker.post(`/api/v1/namespaces/${namespace}/pods`, successorOf(pod, found.value), { dryRun: 'All' })))
}
