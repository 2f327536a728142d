import { nameOf, objectsAt, textAt } from '../check/json-paths.ts'
import { type LockStart, readLockStart } from '../inject/lock-start.ts'
import { lockContainerName } from '../inject/names.ts'
import { controllerOf } from '../units/controller.ts'
import { parseSeconds } from '../units/duration.ts'
import type { JsonObject } from '../units/json.ts'

/** The owner that controls a pod; whether it makes the pod anew where it goes is a matter of its kind. */
export interface Owner {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
}

/** A pod that hangs on its init container `usher-lock`. */
export interface Hang {
  /** `NAMESPACE/NAME` */
  readonly pod: string
  readonly namespace: string
  readonly name: string
  readonly uid: string
  /** Of what was looked at: whoever changes the pod by it knows that it still hangs. */
  readonly resourceVersion: string
  readonly node: string
  /** The image of `usher-lock`, as it stands in the pod. */
  readonly image: string
  /** `failing`: it cannot be started; `not-started`: it has not been, and nothing says why; `overdue`: it does not end. */
  readonly kind: 'failing' | 'not-started' | 'overdue'
  /** The kubelet's reason, or ours: NotStarted, Overdue. */
  readonly why: string
  /** Since when it could have run, or has; milliseconds since 1970. */
  readonly sinceMs: number
  readonly owner: Owner | undefined
}

/** When a pod counts as one that hangs. */
export interface HangBounds {
  /** By the clock of the API server; milliseconds since 1970. */
  readonly nowMs: number
  /** For so long it has to have had its turn. */
  readonly afterMs: number
}

// Images are pulled one after the other on a node, and a node that boots makes many containers at once: two minutes is
// longer than that takes, and shorter than anybody who waits for a pod.
export const notStartedMs = 120_000
// The wait of usher-wait ends by itself; what is beyond it is a process that is stopped, or stuck in the kernel.
const overdueMs = 60_000
// usher-wait's own, where the pod does not say.
const usualMaxWaitSeconds = 240

/** Whether, and why, a pod hangs on what usher has put into it. Pure. */
export function findHang(pod: JsonObject, { nowMs, afterMs }: HangBounds): Hang | undefined {
  const node = textAt(pod, 'spec', 'nodeName')
  // While it has no node, it is the scheduler that it waits for.
  if (node === undefined || textAt(pod, 'status', 'phase') !== 'Pending') return undefined
  const inits = objectsAt(pod, 'spec', 'initContainers')
  const own = inits.find(({ name }) => name === lockContainerName)
  if (own === undefined) return undefined
  const turnMs = turnOf(pod)
  const cause = turnMs === undefined ? undefined : causeOf(pod, own, readLockStart(pod), turnMs)
  if (cause === undefined || nowMs - cause.sinceMs < Math.max(afterMs, cause.leastMs)) return undefined
  return {
    pod: nameOf(pod),
    namespace: textAt(pod, 'metadata', 'namespace') ?? '',
    name: textAt(pod, 'metadata', 'name') ?? '',
    uid: textAt(pod, 'metadata', 'uid') ?? '',
    resourceVersion: textAt(pod, 'metadata', 'resourceVersion') ?? '',
    node,
    image: textAt(own, 'image') ?? '',
    kind: cause.kind,
    why: cause.why,
    sinceMs: cause.sinceMs,
    owner: ownerOf(pod),
  }
}

interface Cause {
  readonly kind: Hang['kind']
  readonly why: string
  readonly sinceMs: number
  /** What is younger does not count. */
  readonly leastMs: number
}

function causeOf(pod: JsonObject, own: JsonObject, start: LockStart, turnMs: number): Cause | undefined {
  switch (start.kind) {
    case 'none':
    // Its author wants it to wait for what it depends on, and nothing is to be mended here.
    case 'again':
      return undefined
    case 'running': {
      const maxWaitMs = maxWaitOf(own)
      return maxWaitMs === undefined ? undefined : { kind: 'overdue', why: 'Overdue', sinceMs: Date.parse(start.since), leastMs: maxWaitMs + overdueMs }
    }
    case 'waiting':
      if (start.failure !== '' || start.ended !== '') return { kind: 'failing', why: start.failure || start.ended, sinceMs: turnMs, leastMs: 0 }
      break
    case 'unseen':
      break
  }
  // Without its sandbox, volumes and network, no container of it could start.
  if (conditionOf(pod, 'PodReadyToStartContainers')?.['status'] === 'False') return undefined
  return { kind: 'not-started', why: 'NotStarted', sinceMs: turnMs, leastMs: notStartedMs }
}

/** Undefined: it may wait for ever, as its author wants it. */
function maxWaitOf(container: JsonObject): number | undefined {
  const args = Array.isArray(container['args']) ? container['args'] : []
  if (args.includes('--no-lock')) return 0
  const given = args.find((arg): arg is string => typeof arg === 'string' && arg.startsWith('--max-wait='))?.slice('--max-wait='.length)
  const seconds = given === undefined ? usualMaxWaitSeconds : (parseSeconds(given) ?? usualMaxWaitSeconds)
  return seconds === 0 ? undefined : seconds * 1_000
}

/**
 * Since when our init container could have run: the pod is on its node, has a sandbox, which may be a newer one than the
 * pod is old, and the init containers before ours are done. Undefined: another one has its turn.
 */
function turnOf(pod: JsonObject): number | undefined {
  const times = [
    timeOf(textAt(conditionOf(pod, 'PodScheduled'), 'lastTransitionTime') ?? textAt(pod, 'metadata', 'creationTimestamp')),
    timeOf(textAt(pod, 'status', 'startTime')),
    timeOf(textAt(conditionOf(pod, 'PodReadyToStartContainers'), 'lastTransitionTime')),
  ]
  const statuses = objectsAt(pod, 'status', 'initContainerStatuses')
  for (const { name, restartPolicy } of objectsAt(pod, 'spec', 'initContainers')) {
    if (name === lockContainerName) break
    const status = statuses.find((each) => each['name'] === name)
    const isSidecar = restartPolicy === 'Always'
    const at = isSidecar ? textAt(status, 'state', 'running', 'startedAt') : textAt(status, 'state', 'terminated', 'finishedAt')
    const isDone = isSidecar ? status?.['started'] === true : status?.['ready'] === true
    if (!isDone) return undefined
    times.push(timeOf(at))
  }
  return Math.max(...times)
}

function timeOf(text: string | undefined): number {
  return Date.parse(text ?? '') || 0
}

function conditionOf(pod: JsonObject, type: string): JsonObject | undefined {
  return objectsAt(pod, 'status', 'conditions').find((each) => each['type'] === type)
}

function ownerOf(pod: JsonObject): Owner | undefined {
  const owner = controllerOf(pod)
  // A static pod is its node's, whose kubelet makes nothing anew before its file changes.
  if (owner === undefined || owner['kind'] === 'Node') return undefined
  return {
    apiVersion: textAt(owner, 'apiVersion') ?? '',
    kind: textAt(owner, 'kind') ?? '',
    name: textAt(owner, 'name') ?? '',
    uid: textAt(owner, 'uid') ?? '',
  }
}

/** What has become of a pod whose image was changed; undefined: it still hangs, as far as is known. */
export function goesOn(before: Hang, pod: JsonObject | undefined): string | undefined {
  if (pod === undefined || textAt(pod, 'metadata', 'uid') !== before.uid) return 'is gone'
  const start = readLockStart(pod)
  if (start.kind === 'none') return textAt(pod, 'metadata', 'deletionTimestamp') === undefined ? 'is past usher-lock' : 'is being deleted'
  // Of one that has not ended, the status of before is that of a container that runs, too.
  const isOfBefore = before.kind === 'overdue' && start.kind === 'running' && Date.parse(start.since) === before.sinceMs
  return start.kind === 'running' && !isOfBefore ? 'runs usher-lock' : undefined
}
