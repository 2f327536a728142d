import { at, objectsAt, textAt } from '../../check/json-paths.ts'
import type { JsonObject } from '../../units/json.ts'
import { isCrashed, seeCrash } from './crash.ts'
import { seeEnding, seeEnded } from './ending.ts'
import type { LockPlace } from './lock-place.ts'
import { seeLockWait } from './lock-wait.ts'
import { conditionOf, type Part, partsOf, timeAt } from './parts.ts'
import { seePending } from './pending.ts'
import { seeInit, seeStarting } from './starting.ts'
import { beganMs, seeUnready, wasReady } from './unready.ts'

/** How an instance is. `Unhealthy`: it was ready, and is not; or a container of it ends again and again. */
export type InstanceState = 'Pending' | 'Gated' | 'Queued' | 'Starting' | 'Healthy' | 'Unhealthy' | 'Ending' | 'Done' | 'Failed'

/** How an instance is, and why. */
export interface Sight {
  readonly state: InstanceState
  /** For people, short: `Queued for the lock #3`, `Starting: ImagePullBackOff`. */
  readonly label: string
  /** A word for machines: the kubelet's or the scheduler's reason where there is one, else ours; empty where all is well. */
  readonly reason: string
  /** Why it is so, in a sentence without its end. */
  readonly why: string
  /** Since when, in milliseconds since 1970; 0: not known. */
  readonly sinceMs: number
  /** Whether something is wrong, rather than takes its time. */
  readonly isTrouble: boolean
  /** The container that it is about, where it is one. */
  readonly container?: string
}

/** An instance of a workload: a pod. */
export interface Instance extends Sight {
  readonly name: string
  readonly namespace: string
  readonly uid: string
  /** Undefined: it has none yet. */
  readonly node: string | undefined
  /** Of its containers, altogether. */
  readonly restarts: number
}

/** What is known of a pod beside what the API server has of it. */
export interface InstanceSources {
  /** By the clock of the API server; milliseconds since 1970. */
  readonly nowMs: number
  /** Where the lock of its node says it stands; undefined: it was not asked, or does not know the pod. */
  readonly lock?: LockPlace | undefined
  /** What its `usher-lock` has logged last, where that is known. */
  readonly lastLine?: string | undefined
}

/** Says how an instance is. It reads a pod as the API server has it, usher's or not. Pure. */
export function instanceOf(pod: JsonObject, sources: InstanceSources): Instance {
  const parts = partsOf(pod)
  return {
    name: textAt(pod, 'metadata', 'name') ?? '',
    namespace: textAt(pod, 'metadata', 'namespace') ?? '',
    uid: textAt(pod, 'metadata', 'uid') ?? '',
    node: textAt(pod, 'spec', 'nodeName'),
    restarts: parts.reduce((sum, { restarts }) => sum + restarts, 0),
    ...seePod(pod, parts, sources),
  }
}

function seePod(pod: JsonObject, parts: readonly Part[], sources: InstanceSources): Sight {
  const over = seeEnding(pod, sources.nowMs) ?? seeEnded(pod, parts)
  if (over !== undefined) return over
  if (textAt(pod, 'spec', 'nodeName') === undefined) return seePending(pod, sources.nowMs)
  const { lock } = sources
  // After a reboot the API server goes on showing the status of before: what the lock says is of now.
  if (lock !== undefined && lock.kind !== 'holds') return seeLockWait(pod, parts, sources)
  const isOld = lock?.kind === 'holds' && lock.isStatusOld
  const ready = conditionOf(pod, 'Ready')
  if (ready?.['status'] === 'True') {
    if (!isOld) return { state: 'Healthy', label: 'Healthy', reason: '', why: 'it is ready', sinceMs: timeAt(ready, 'lastTransitionTime'), isTrouble: false }
    return { state: 'Starting', label: 'Starting', reason: 'StatusOld', why: 'it has the startup lock; what its status says is of before its node was started', sinceMs: 0, isTrouble: false }
  }
  const current = currentInit(parts)
  if (current !== undefined) return current.name === 'usher-lock' && current.runsSinceMs !== undefined ? seeLockWait(pod, parts, sources) : seeInit(pod, current, sources.nowMs)
  const startedMs = beganMs(pod, parts)
  const crashed = parts.find((part) => part.role !== 'init' && isCrashed(part, startedMs, sources.nowMs))
  if (crashed !== undefined) return seeCrash(crashed)
  return wasReady(pod, startedMs) ? seeUnready(pod, parts) : seeStarting(pod, parts, sources.nowMs)
}

/** The init container, or native sidecar, that has its turn; undefined: all of them are through. */
function currentInit(parts: readonly Part[]): Part | undefined {
  const inits = parts.filter(({ role }) => role !== 'container')
  // One that runs has its turn, whatever an earlier start has left of the containers after it.
  const running = inits.find(({ role, runsSinceMs }) => role === 'init' && runsSinceMs !== undefined)
  if (running !== undefined) return running
  if (parts.some(({ role, runsSinceMs }) => role === 'container' && runsSinceMs !== undefined)) return undefined
  const next = inits.find((part) => !isThrough(part))
  // Those that nobody remembers are through where the containers after them have ended.
  const hasRun = parts.some(({ role, ended, endedBefore }) => role === 'container' && (ended ?? endedBefore) !== undefined)
  return hasRun && next?.waiting === undefined && next?.ended === undefined ? undefined : next
}

function isThrough({ role, isReady, isStarted, ended }: Part): boolean {
  return role === 'sidecar' ? isStarted : isReady || ended?.code === 0
}

/** Whether usher has put its lock into a pod. */
export function hasLock(pod: JsonObject): boolean {
  return objectsAt(pod, 'spec', 'initContainers').some(({ name }) => name === 'usher-lock') && at(pod, 'metadata', 'annotations', 'usher.dev/status') !== undefined
}
