import { at, objectsAt, textAt } from '../../check/json-paths.ts'
import { isObject, type JsonObject } from '../../units/json.ts'
import { forSpan, seeCrash } from './crash.ts'
import type { Sight } from './sight.ts'
import { conditionOf, type Part, timeAt } from './parts.ts'

/** The kubelet's reasons for an image that is not there. */
const imageReasons: ReadonlySet<string> = new Set(['ErrImagePull', 'ImagePullBackOff', 'ErrImageNeverPull', 'ImageInspectError', 'RegistryUnavailable', 'InvalidImageName', 'SignatureValidationFailed'])
/** And for a container that cannot be made. */
const makeReasons: ReadonlySet<string> = new Set(['CreateContainerConfigError', 'CreateContainerError', 'PreCreateHookError', 'PostStartHookError', 'RunContainerError'])

/** Whether the kubelet's reason says that an image cannot be had. */
export function isImageReason(reason: string): boolean {
  return imageReasons.has(reason)
}

// A kubelet takes a pod within a second, and tells of its sandbox within a few.
const unseenMs = 60_000

/** A pod whose init container, or native sidecar, has its turn. */
export function seeInit(pod: JsonObject, part: Part, nowMs: number): Sight {
  if (part.waiting?.reason === 'CrashLoopBackOff' || (part.ended !== undefined && part.ended.code !== 0)) return seeCrash(part)
  if (part.runsSinceMs !== undefined && part.role === 'init') {
    return starting('Initializing', `init container ${part.name} runs${forSpan(part.runsSinceMs, nowMs)}`, part.runsSinceMs, false, part)
  }
  return seePart(pod, part, nowMs)
}

/** A pod whose containers are started, and that has not been ready since. */
export function seeStarting(pod: JsonObject, parts: readonly Part[], nowMs: number): Sight {
  const lacking = parts.find(({ role, isReady }) => role !== 'init' && !isReady)
  return lacking === undefined ? seeGates(pod) : seePart(pod, lacking, nowMs)
}

function seePart(pod: JsonObject, part: Part, nowMs: number): Sight {
  const { name, role, waiting, runsSinceMs, container, isStarted } = part
  const whose = `${role === 'sidecar' ? 'sidecar ' : role === 'init' ? 'init container ' : ''}${name}`
  const scheduledMs = timeAt(conditionOf(pod, 'PodScheduled'), 'lastTransitionTime')
  if (waiting !== undefined && (imageReasons.has(waiting.reason) || makeReasons.has(waiting.reason))) {
    const what = imageReasons.has(waiting.reason) ? `the image ${textAt(container, 'image') ?? ''} of ${whose} cannot be had` : `${whose} cannot be made`
    return { ...starting(waiting.reason, `${what}${waiting.message === '' ? '' : `: ${waiting.message}`}`, scheduledMs, true, part), label: `Starting: ${waiting.reason}` }
  }
  if (runsSinceMs === undefined) return seeUnmade(pod, whose, part, nowMs)
  if (!isStarted && isObject(container['startupProbe'])) return starting('StartupProbe', `the startup probe of ${whose} has not passed yet${forSpan(runsSinceMs, nowMs)}`, runsSinceMs, false, part)
  if (isObject(container['readinessProbe'])) return starting('ReadinessProbe', `the readiness probe of ${whose} has not passed yet${forSpan(runsSinceMs, nowMs)}`, runsSinceMs, false, part)
  return starting('NotReady', `${whose} runs, and is not ready yet`, runsSinceMs, false, part)
}

function seeUnmade(pod: JsonObject, whose: string, part: Part, nowMs: number): Sight {
  const node = textAt(pod, 'spec', 'nodeName') ?? 'its node'
  const scheduledMs = timeAt(conditionOf(pod, 'PodScheduled'), 'lastTransitionTime') || timeAt(pod, 'metadata', 'creationTimestamp')
  const isLate = nowMs - scheduledMs > unseenMs
  if (at(pod, 'status', 'startTime') === undefined) {
    return starting('NotTaken', `${node} has not taken it yet${forSpan(scheduledMs, nowMs)}${isLate ? ': is its kubelet well?' : ''}`, scheduledMs, isLate)
  }
  if (conditionOf(pod, 'PodReadyToStartContainers')?.['status'] === 'False') {
    return starting('NoSandbox', `its volumes and its network are made ready on ${node}${forSpan(scheduledMs, nowMs)}`, scheduledMs, isLate)
  }
  return starting(part.waiting?.reason || 'ContainerCreating', `${whose} is not started yet`, scheduledMs, false, part)
}

/** All containers are ready. */
function seeGates(pod: JsonObject): Sight {
  const ready = conditionOf(pod, 'Ready')
  const gates = objectsAt(pod, 'spec', 'readinessGates').flatMap((gate) => textAt(gate, 'conditionType') ?? [])
  const closed = gates.filter((gate) => conditionOf(pod, gate)?.['status'] !== 'True')
  const sinceMs = timeAt(conditionOf(pod, 'ContainersReady'), 'lastTransitionTime')
  if (closed.length > 0) return starting('ReadinessGates', `its containers are ready; it waits for its readiness gates: ${closed.join(', ')}`, sinceMs, false)
  return starting(textAt(ready, 'reason') ?? 'NotReady', textAt(ready, 'message') ?? 'its containers are ready, and it does not count as ready yet', sinceMs, false)
}

function starting(reason: string, why: string, sinceMs: number, isTrouble: boolean, part?: Part): Sight {
  return { state: 'Starting', label: 'Starting', reason, why, sinceMs, isTrouble, ...(part === undefined ? {} : { container: part.name }) }
}
