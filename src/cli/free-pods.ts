import { setTimeout as pause } from 'node:timers/promises'
import { at, named, objectsAt, textAt } from '../check/json-paths.ts'
import { lockContainerName } from '../inject/names.ts'
import { readLockStart } from '../inject/lock-start.ts'
import { findHang, goesOn, type Hang, type HangBounds } from '../rescue/hang.ts'
import { nameOfOwner, type Rescue } from '../rescue/plan.ts'
import type { Outcome, Planned } from '../rescue/report.ts'
import { formatAge } from '../units/age.ts'
import type { JsonObject } from '../units/json.ts'
import { mapBounded } from '../units/map-bounded.ts'
import { explainFailure, type JoinedAdmin } from './admin-cluster.ts'
import type { Asker } from './asker.ts'

/** How pods are freed. */
export interface FreeingOptions {
  readonly admin: JoinedAdmin
  readonly asker: Asker
  readonly bounds: HangBounds
  readonly isDryRun: boolean
  /** For how long it is waited until all of them go on. */
  readonly timeoutMs: number
}

const changedAtATime = 4

/** Frees the pods as planned, and waits until they go on. Never throws for a pod: what is wrong with it stands in its outcome. */
export async function freePods(planned: readonly Planned[], options: FreeingOptions): Promise<readonly Outcome[]> {
  const siblings = await listSiblings(planned, options)
  const asked = await mapBounded(planned, changedAtATime, (each) => change(each, options))
  return waitForAll(asked, siblings, options)
}

/** What came of the request that was to free a pod; without an outcome, it has to be waited for. */
interface Asked extends Planned {
  readonly result: Pick<Outcome, 'outcome' | 'detail'> | undefined
}

// Whoever changes a pod by the version that was seen fails when its kubelet was quicker.
const attempts = 5

/** Looks once more whether the pod hangs, and changes just what was seen. */
async function change({ hang, rescue }: Planned, { admin, asker, bounds, isDryRun }: FreeingOptions): Promise<Asked> {
  const end = (outcome: Outcome['outcome'], detail: string): Asked => ({ hang, rescue, result: { outcome, detail } })
  if (rescue.kind === 'none') return end('left', rescue.why)
  for (let attempt = 1; ; attempt++) {
    try {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      const pod = await asker.getIfThere(pathOf(hang))
      const now = pod === undefined || textAt(pod, 'metadata', 'uid') !== hang.uid ? undefined : findHang(pod, bounds)
      if (now === undefined) return end('freed', `${goesOn(hang, pod) ?? 'does not hang any more'}, by itself`)
      // oxlint-disable-next-line no-await-in-loop
      await send(asker, now, rescue, isDryRun)
      return isDryRun ? end('would-free', 'the API server would do it') : { hang: now, rescue, result: undefined }
    } catch (error) {
      if (error instanceof admin.kube.ApiError && error.status === 409 && attempt < attempts) continue
      return end('failed', explainFailure(admin, error).message)
    }
  }
}

/** Of nothing but the very pod that was seen, in the very state in which it was. */
async function send(asker: Asker, hang: Hang, rescue: Exclude<Rescue, { readonly kind: 'none' }>, isDryRun: boolean): Promise<void> {
  const { namespace, name, uid, resourceVersion } = hang
  const query = { fieldManager: 'usher-rescue', ...(isDryRun ? { dryRun: 'All' } : {}) }
  if (rescue.kind === 'image') {
    const body = { metadata: { uid, resourceVersion }, spec: { initContainers: [{ name: lockContainerName, image: rescue.image }] } }
    await asker.patch(pathOf(hang), 'strategic-merge-patch+json', body, query)
    return
  }
  const deleteOptions = { preconditions: { uid, resourceVersion }, ...(isDryRun ? { dryRun: ['All'] } : {}) }
  // As kubectl drain does: an eviction asks the PodDisruptionBudgets. Of a pod that has not started they take nothing away,
  // and the API server does not count it; of one that has started meanwhile, it does.
  await asker.post(`${pathOf(hang)}/eviction`, { apiVersion: 'policy/v1', kind: 'Eviction', metadata: { namespace, name }, deleteOptions }, query)
}

function pathOf({ namespace, name }: Hang): string {
  return `/api/v1/namespaces/${namespace}/pods/${name}`
}

/** The uids of all pods that there were before, so that a successor is told from them. */
async function listSiblings(planned: readonly Planned[], options: FreeingOptions): Promise<ReadonlySet<string>> {
  const namespaces = options.isDryRun ? [] : [...new Set(planned.filter(({ rescue }) => rescue.kind === 'delete').map(({ hang }) => hang.namespace))]
  const lists = await mapBounded(namespaces, changedAtATime, (namespace) => podsOf(options, namespace))
  return new Set(lists.flat().map((pod) => textAt(pod, 'metadata', 'uid') ?? ''))
}

function podsOf({ asker }: FreeingOptions, namespace: string): Promise<readonly JsonObject[]> {
  return asker.list(`/api/v1/namespaces/${namespace}/pods`).catch((): readonly JsonObject[] => [])
}

const lookEveryMs = 1_000

async function waitForAll(asked: readonly Asked[], siblings: ReadonlySet<string>, options: FreeingOptions): Promise<readonly Outcome[]> {
  const end = performance.now() + options.timeoutMs
  const taken = new Set(siblings)
  let all = asked
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop -- one look after the other
    all = await lookOnce(all, taken, options)
    if (all.every(({ result }) => result !== undefined)) break
    if (performance.now() > end) break
    // oxlint-disable-next-line no-await-in-loop
    await pause(lookEveryMs)
  }
  return mapBounded(all, changedAtATime, async ({ hang, rescue, result }): Promise<Outcome> => {
    return { hang, rescue, ...(result ?? { outcome: 'failed', detail: await whyNot({ hang, rescue }, options) }) }
  })
}

/** @param taken uids of pods that are nobody's successor; those that are found to be one are added. */
async function lookOnce(all: readonly Asked[], taken: Set<string>, options: FreeingOptions): Promise<readonly Asked[]> {
  const waiting = all.filter(({ result }) => result === undefined)
  const namespaces = [...new Set(waiting.filter(({ rescue }) => rescue.kind === 'delete').map(({ hang }) => hang.namespace))]
  const lists = new Map(await mapBounded(namespaces, changedAtATime, async (namespace) => [namespace, await podsOf(options, namespace)] as const))
  return mapBounded(all, changedAtATime, async (each) => {
    const { hang, rescue, result } = each
    if (result !== undefined) return each
    const detail = rescue.kind === 'delete' ? takeSuccessor(hang, lists.get(hang.namespace) ?? [], taken) : await lookAt(hang, options)
    return detail === undefined ? each : { hang, rescue, result: { outcome: 'freed', detail } as const }
  })
}

async function lookAt(hang: Hang, { asker }: FreeingOptions): Promise<string | undefined> {
  try {
    return goesOn(hang, await asker.getIfThere(pathOf(hang)))
  } catch {
    // The next look may tell.
    return undefined
  }
}

function takeSuccessor({ owner }: Hang, pods: readonly JsonObject[], taken: Set<string>): string | undefined {
  const found = pods.find((pod) => {
    const isOurs = objectsAt(pod, 'metadata', 'ownerReferences').some(({ uid, controller }) => controller === true && uid === owner?.uid)
    return isOurs && at(pod, 'metadata', 'deletionTimestamp') === undefined && !taken.has(textAt(pod, 'metadata', 'uid') ?? '')
  })
  if (found === undefined) return undefined
  taken.add(textAt(found, 'metadata', 'uid') ?? '')
  const image = textAt(named(objectsAt(found, 'spec', 'initContainers'), lockContainerName), 'image')
  return `${textAt(found, 'metadata', 'name') ?? ''} is there in its place, ${image === undefined ? 'without the lock' : `with usher-lock of ${image}`}`
}

/** What is still wrong when the time is over. */
async function whyNot({ hang, rescue }: Planned, { asker, timeoutMs }: FreeingOptions): Promise<string> {
  const time = formatAge(timeoutMs / 1_000)
  if (rescue.kind === 'delete') return `is deleted, and ${nameOfOwner(rescue.owner)} has not made another within ${time}`
  const pod = await asker.ask('pods', () => asker.getIfThere(pathOf(hang)))
  if (pod.kind !== 'told') return `what has become of it is not known: ${pod.message}`
  const start = pod.value === undefined ? undefined : readLockStart(pod.value)
  const reason = start?.kind === 'waiting' ? start.failure || start.ended : ''
  return `has not gone on within ${time}${reason === '' ? '' : `: ${reason}`}`
}
