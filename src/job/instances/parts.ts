import { at, numberAt, objectsAt, textAt } from '../../check/json-paths.ts'
import { isObject, type JsonObject } from '../../units/json.ts'

/** A container of a pod, and what the pod's status says of it. */
export interface Part {
  readonly name: string
  /** `init` ends before the next one begins; `sidecar`: a native one, which goes on for as long as the pod. */
  readonly role: 'init' | 'sidecar' | 'container'
  readonly container: JsonObject
  readonly isReady: boolean
  /** What its startup probe has found; true where it has none and runs. */
  readonly isStarted: boolean
  /** Milliseconds since 1970; undefined: it does not run. */
  readonly runsSinceMs: number | undefined
  /** Undefined: it does not wait, or its kubelet has not said anything of it. */
  readonly waiting: { readonly reason: string; readonly message: string } | undefined
  /** How it has ended, where it has and is not started again yet. */
  readonly ended: Exit | undefined
  /** How it ended before it was started again. */
  readonly endedBefore: Exit | undefined
  readonly restarts: number
}

/** How a container has ended. Times are milliseconds since 1970, 0 where they are not known. */
export interface Exit {
  readonly code: number
  /** The kubelet's: Error, OOMKilled, Completed, ContainerStatusUnknown. */
  readonly reason: string
  /** Its last words, where it has left any. */
  readonly message: string
  readonly startedMs: number
  readonly finishedMs: number
}

/** The containers of a pod in the order in which they are started. */
export function partsOf(pod: JsonObject): readonly Part[] {
  const [inits, others] = [objectsAt(pod, 'status', 'initContainerStatuses'), objectsAt(pod, 'status', 'containerStatuses')]
  return [
    ...objectsAt(pod, 'spec', 'initContainers').map((container) => partOf(container, container['restartPolicy'] === 'Always' ? 'sidecar' : 'init', inits)),
    ...objectsAt(pod, 'spec', 'containers').map((container) => partOf(container, 'container', others)),
  ]
}

function partOf(container: JsonObject, role: Part['role'], statuses: readonly JsonObject[]): Part {
  const name = textAt(container, 'name') ?? ''
  const status = statuses.find((each) => each['name'] === name)
  const waiting = at(status, 'state', 'waiting')
  return {
    name,
    role,
    container,
    isReady: status?.['ready'] === true,
    isStarted: status?.['started'] === true,
    runsSinceMs: isObject(at(status, 'state', 'running')) ? timeAt(status, 'state', 'running', 'startedAt') : undefined,
    waiting: isObject(waiting) ? { reason: textAt(waiting, 'reason') ?? '', message: textAt(waiting, 'message') ?? '' } : undefined,
    ended: exitOf(at(status, 'state', 'terminated')),
    endedBefore: exitOf(at(status, 'lastState', 'terminated')),
    restarts: numberAt(status, 'restartCount'),
  }
}

function exitOf(terminated: unknown): Exit | undefined {
  if (!isObject(terminated)) return undefined
  return {
    code: numberAt(terminated, 'exitCode'),
    reason: textAt(terminated, 'reason') ?? '',
    message: (textAt(terminated, 'message') ?? '').trim(),
    startedMs: timeAt(terminated, 'startedAt'),
    finishedMs: timeAt(terminated, 'finishedAt'),
  }
}

/** The time at a path, in milliseconds since 1970; 0 where there is none. */
export function timeAt(value: unknown, ...keys: readonly string[]): number {
  return Date.parse(textAt(value, ...keys) ?? '') || 0
}

/** A condition of an object by its type. */
export function conditionOf(object: JsonObject, type: string): JsonObject | undefined {
  return objectsAt(object, 'status', 'conditions').find((each) => each['type'] === type)
}
