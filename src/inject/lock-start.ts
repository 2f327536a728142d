import { isObject, type JsonObject, objectsOf } from '../units/json.ts'
import { lockContainerName, statusKey } from './names.ts'

/** How far a pod has come with the init container that usher has put into it, by its status. */
export type LockStart =
  /** It has none of ours, or is past it, or is on its way out. */
  | { readonly kind: 'none' }
  /** Its kubelet has not said anything of it yet. */
  | { readonly kind: 'unseen' }
  /**
   * It does not run. `failure` is the kubelet's reason why it cannot be started: empty where there is none yet, or none
   * between two attempts. `ended` is how an attempt has ended, until the next one; empty where that is not so.
   */
  | { readonly kind: 'waiting'; readonly failure: string; readonly ended: string }
  /** It has ended because what the pod depends on is not healthy, as the pod's author wants it, and will be started anew. */
  | { readonly kind: 'again' }
  /** It runs since then, as the kubelet writes times. */
  | { readonly kind: 'running'; readonly since: string }

// usher-wait's exit code for that.
const dependencyExit = 4
const backOff = 'CrashLoopBackOff'

// The kubelet's reasons for a container that it cannot start. ContainerCreating and PodInitializing are not: they are
// what every pod goes through. The last one is of a container that starts and fails, which ours does by its author's wish alone:
// the binary is of another architecture, or does not fit into the memory that the pod has.
const failures: ReadonlySet<unknown> = new Set([
  'ErrImagePull',
  'ImagePullBackOff',
  'ErrImageNeverPull',
  'ImageInspectError',
  'RegistryUnavailable',
  'InvalidImageName',
  'SignatureValidationFailed',
  'CreateContainerConfigError',
  'CreateContainerError',
  'PreCreateHookError',
  'RunContainerError',
  backOff,
])

const none: LockStart = { kind: 'none' }

/** Reads it. Pods that usher has not injected have a container of that name for reasons of their own. */
export function readLockStart({ metadata, status }: JsonObject): LockStart {
  if (!isObject(metadata) || metadata['deletionTimestamp'] !== undefined) return none
  const { annotations } = metadata
  if (!isObject(annotations) || annotations[statusKey] === undefined) return none
  const ours = objectsOf(isObject(status) ? status['initContainerStatuses'] : undefined).find(({ name }) => name === lockContainerName)
  const state = ours?.['state']
  if (!isObject(state)) return { kind: 'unseen' }
  const { running, waiting, terminated } = state
  if (isObject(running)) return { kind: 'running', since: text(running['startedAt']) }
  if (isObject(terminated) && terminated['exitCode'] === 0) return none
  if (endedBy(terminated) === dependencyExit || (isObject(waiting) && waiting['reason'] === backOff && endedBy(lastEnd(ours)) === dependencyExit)) return { kind: 'again' }
  const reason = isObject(waiting) ? waiting['reason'] : undefined
  return { kind: 'waiting', failure: failures.has(reason) ? text(reason) : '', ended: endOf(terminated) }
}

function endedBy(terminated: unknown): unknown {
  return isObject(terminated) ? terminated['exitCode'] : undefined
}

/** How the attempt before has ended. */
function lastEnd(ours: JsonObject | undefined): unknown {
  const { lastState } = ours ?? {}
  return isObject(lastState) ? lastState['terminated'] : undefined
}

function endOf(terminated: unknown): string {
  return isObject(terminated) ? text(terminated['reason']) || 'Error' : ''
}

function text(value: unknown): string {
  return typeof value === 'string' ? value : ''
}
