import { at, numberAt, objectsAt, textAt } from '../../check/json-paths.ts'
import { listPath } from '../../install/chart-kinds.ts'
import { objectName } from '../../install/chart-object.ts'
import { type Instance, instanceOf } from '../../job/instances/instance.ts'
import { jobLabel } from '../../job/names.ts'
import type { Rollout } from '../../job/run/carry-out.ts'
import { titleOfObject } from '../../job/run/kinds.ts'
import { renewedOf, standingOf, whyNever } from '../../job/run/rollout.ts'
import { type ListWatch, startListWatch } from '../../kube/list-watch.ts'
import { formatAge } from '../../units/age.ts'
import type { JsonObject } from '../../units/json.ts'
import { seePods } from '../see-pods.ts'
import { gatherEvidence } from './gather-evidence.ts'
import { type JobCluster, jobObject } from './job-cluster.ts'
import type { JobReport } from './job-report.ts'

/** What is waited for, and for how long. */
export interface RolloutWait {
  readonly cluster: JobCluster
  readonly job: string
  readonly workload: JsonObject
  readonly timeoutMs: number
  /** Whether it is counted anew with each instance that has become healthy. */
  readonly isForEach: boolean
  readonly report: JobReport
  /** Aborted when whoever watches goes away; what was put in stays. */
  readonly detaching: AbortSignal
  /** Aborted when somebody else has taken the job over. */
  readonly lost: AbortSignal
  /** Aborted when it cannot go on; by an error that says why. */
  readonly broken: AbortSignal
}

// What changes is told at once; how long it has been so, once a second.
const drawnEveryMs = 1_000
// Each time one request for each node on which an instance waits.
const askedEveryMs = 2_000

function isWaiting({ state }: Instance): boolean {
  return state === 'Queued' || state === 'Gated'
}

function keep(object: JsonObject): JsonObject {
  return object
}

function imagesOf(pod: unknown): string {
  return JSON.stringify(objectsAt(pod, 'spec', 'containers').map(({ name, image }) => [name, image]))
}

/** Why the waiting has ended. */
type End = { readonly kind: 'healthy' | 'detached' } | { readonly kind: 'failed'; readonly message: string }

/** Watches a workload and its instances until all of them are healthy, or it has failed. Throws where the job is lost to somebody else. */
export async function awaitRollout(wait: RolloutWait): Promise<Rollout> {
  const { cluster, report, lost } = wait
  const seen = startLooking(wait)
  try {
    const end = await seen.ended
    if (end.kind !== 'failed') return end
    return { ...end, evidence: await gatherEvidence(cluster, seen.workload(), seen.pods()) }
  } finally {
    seen.stop()
    await report.rest()
    lost.throwIfAborted()
  }
}

interface Looking {
  readonly ended: Promise<End>
  workload(): JsonObject | undefined
  pods(): readonly JsonObject[]
  stop(): void
}

function startLooking({ cluster, job, workload, timeoutMs, isForEach, report, detaching, lost, broken }: RolloutWait): Looking {
  const { promise: ended, resolve } = Promise.withResolvers<End>()
  const object = jobObject(workload)
  const pods = new Map<string, JsonObject>()
  const title = titleOfObject(workload)
  let live: JsonObject | undefined
  let trouble: string | undefined
  let places: ReadonlyMap<string, Instance> = new Map()
  let isAsking = false
  const ending = new AbortController()
  let isOver = false
  const failed = (what: string) => (error: unknown) => {
    trouble = `${what} cannot be watched: ${error instanceof Error ? error.message : String(error)}`
    draw()
  }
  const recovered = (): void => void (trouble = undefined)
  const watches: ListWatch<JsonObject>[] = [
    startListWatch(
      { config: cluster.admin.config, path: listPath(object.kind, cluster.namespace), fieldSelector: `metadata.name=${objectName(object)}`, pick: keep },
      {
        added: (_key, value) => judge((live = value)),
        changed: (_key, value) => judge((live = value)),
        gone: () => finish({ kind: 'failed', message: `${title}: somebody has deleted it` }),
        failed: failed(title),
        recovered,
      },
    ),
    startListWatch(
      { config: cluster.admin.config, path: `/api/v1/namespaces/${cluster.namespace}/pods`, labelSelector: `${jobLabel}=${job}`, pick: keep },
      {
        added: (key, value) => look(key, value),
        changed: (key, value) => look(key, value),
        gone: (key) => look(key, undefined),
        failed: failed('pods'),
        recovered,
      },
    ),
  ]
  const drawing = setInterval(draw, drawnEveryMs)
  const asking = setInterval(() => void askLocks(), askedEveryMs)
  let renewed = 0
  // What a job waits for others, and what its checks leave it, may be more than that.
  const waitMs = isForEach ? Math.max(timeoutMs, numberAt(workload, 'spec', 'progressDeadlineSeconds') * 1_000) : timeoutMs
  const overdue = `${title} is not healthy after ${formatAge(waitMs / 1_000)}${isForEach ? ' without another healthy instance' : ''}`
  const late = setTimeout(() => finish({ kind: 'failed', message: `${overdue}: ${text()}` }), waitMs)
  const detach = (): void => finish({ kind: 'detached' })
  const fail = (): void => finish({ kind: 'failed', message: broken.reason instanceof Error ? broken.reason.message : String(broken.reason) })
  const endings = [[lost, detach], [broken, fail], [detaching, detach]] as const
  for (const [signal, end] of endings) {
    if (signal.aborted) end()
    else signal.addEventListener('abort', end, { once: true })
  }

  function look(key: string, pod: JsonObject | undefined): void {
    if (pod === undefined) pods.delete(key)
    else pods.set(key, pod)
    const never = pod === undefined || !isOfLast(pod) ? undefined : whyNever(pod)
    if (pod !== undefined && never !== undefined) finish({ kind: 'failed', message: `pod ${textAt(pod, 'metadata', 'name') ?? ''}: ${never}` })
    draw()
  }

  function judge(value: JsonObject): void {
    // Lists have no kinds in their items.
    const seen = { ...value, kind: workload['kind'] }
    const standing = standingOf(seen)
    // More than ever before: what comes and goes keeps nobody waiting for ever.
    if (isForEach && renewedOf(seen) > renewed) late.refresh()
    renewed = Math.max(renewed, renewedOf(seen))
    if (standing.kind === 'healthy') finish({ kind: 'healthy' })
    if (standing.kind === 'failed') finish({ kind: 'failed', message: `${title}: ${standing.text}` })
    draw()
  }

  /** Whether a pod is of the revision that is waited for: what is on its way out may be as it is. */
  function isOfLast(pod: JsonObject): boolean {
    const template = at(workload, 'spec', 'template')
    return textAt(pod, 'metadata', 'deletionTimestamp') === undefined && imagesOf(pod) === imagesOf(template)
  }

  function text(): string {
    return trouble ?? (live === undefined ? `${title} is not there yet` : standingOf({ ...live, kind: workload['kind'] }).text)
  }

  function draw(): void {
    if (isOver) return
    const nowMs = Date.now()
    const instances = [...pods.values()].map((pod) => placed(instanceOf(pod, { nowMs }))).toSorted((left, right) => left.name.localeCompare(right.name))
    // What nobody reads any more is no reason to stop.
    report.waiting(`${title}: ${text()}`, instances).catch(() => {})
  }

  /** Where those stand that wait for the lock of their node: no event of a pod tells that. Asks nobody where none waits. */
  async function askLocks(): Promise<void> {
    if (isAsking || isOver) return
    isAsking = true
    const seen = await seePods([...pods.values()], { admin: cluster.admin, asker: cluster.asker, signal: ending.signal, nowMs: Date.now(), unasked() {} }).catch(() => [])
    isAsking = false
    places = new Map(seen.map(({ instance }) => [instance.uid, instance]))
    draw()
  }

  function placed(instance: Instance): Instance {
    const place = places.get(instance.uid)
    return place !== undefined && isWaiting(instance) && isWaiting(place) ? place : instance
  }

  function finish(end: End): void {
    if (isOver) return
    isOver = true
    resolve(end)
  }
  return {
    ended,
    workload: () => live && { ...live, kind: workload['kind'] },
    pods: () => [...pods.values()],
    stop() {
      isOver = true
      clearInterval(drawing)
      clearInterval(asking)
      ending.abort()
      clearTimeout(late)
      for (const [signal, end] of endings) signal.removeEventListener('abort', end)
      for (const watch of watches) watch.stop()
    },
  }
}
