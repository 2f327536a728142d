import { at, objectsAt, textAt } from '../../check/json-paths.ts'
import type { JsonObject } from '../../units/json.ts'

/** A pod, as far as its logs go. */
export interface LogPod {
  readonly name: string
  readonly uid: string
  /** Those whose logs are wanted. */
  readonly containers: readonly LogContainer[]
}

/** A container of it. */
export interface LogContainer {
  readonly name: string
  /** Of the one that runs, or has run last; another start has another. Undefined: none has. */
  readonly id: string | undefined
  readonly isRunning: boolean
}

/**
 * Reads a pod for its logs.
 *
 * @param only the container that is wanted, of whatever kind; undefined: all that go on for as long as the pod.
 */
export function readLogPod(pod: JsonObject, only: string | undefined): LogPod {
  const inits = objectsAt(pod, 'spec', 'initContainers').filter((container) => (only === undefined ? container['restartPolicy'] === 'Always' : container['name'] === only))
  const others = objectsAt(pod, 'spec', 'containers').filter((container) => only === undefined || container['name'] === only)
  const statuses = [...objectsAt(pod, 'status', 'initContainerStatuses'), ...objectsAt(pod, 'status', 'containerStatuses')]
  return {
    name: textAt(pod, 'metadata', 'name') ?? '',
    uid: textAt(pod, 'metadata', 'uid') ?? '',
    containers: [...inits, ...others].map((container) => {
      const name = textAt(container, 'name') ?? ''
      const status = statuses.find((each) => each['name'] === name)
      return { name, id: idOf(status), isRunning: at(status, 'state', 'running') !== undefined }
    }),
  }
}

function idOf(status: JsonObject | undefined): string | undefined {
  return textAt(status, 'containerID') ?? textAt(status, 'state', 'terminated', 'containerID') ?? textAt(status, 'lastState', 'terminated', 'containerID')
}

/** The names of all containers of a pod. */
export function containerNames(pod: JsonObject): readonly string[] {
  return [...objectsAt(pod, 'spec', 'initContainers'), ...objectsAt(pod, 'spec', 'containers')].flatMap((container) => textAt(container, 'name') ?? [])
}
