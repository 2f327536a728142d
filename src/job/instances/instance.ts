import { at, objectsAt, textAt } from '../../check/json-paths.ts'
import type { JsonObject } from '../../units/json.ts'
import { lockContainerName, statusKey } from '../../inject/names.ts'
import { isCrashed, seeCrash } from './crash.ts'
import { seeEnding, seeEnded } from './ending.ts'
import { seeFailedWait, seeLockWait } from './lock-wait.ts'
import { conditionOf, type Part, partsOf, timeAt } from './parts.ts'
import { seePending } from './pending.ts'
import type { InstanceSources, Sight } from './sight.ts'
import { seeInit, seeStarting } from './starting.ts'
import { beganMs, seeUnready, wasReady } from './unready.ts'

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
  if (current?.name === lockContainerName && hasLock(pod)) {
    const wait = current.runsSinceMs === undefined ? seeFailedWait(current) : seeLockWait(pod, parts, sources)
    if (wait !== undefined) return wait
  }
  if (current !== undefined) return seeInit(pod, current, sources.nowMs)
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
  return objectsAt(pod, 'spec', 'initContainers').some(({ name }) => name === lockContainerName) && at(pod, 'metadata', 'annotations', statusKey) !== undefined
}
