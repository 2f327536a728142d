import { isCount, isObject, type Json, type JsonObject } from '../units/json.ts'

/**
 * What usher has done to a pod, as the annotation `usher.dev/status` keeps it: enough to recognise it in a
 * later review, and to take it out again.
 */
export interface InjectionStatus {
  readonly v: 1
  readonly nap?: NapStatus
  /** What the init container is there for: the lock, or only what the pod depends on, or only to bring the nap binary. */
  readonly init?: 'lock' | 'gate' | 'copy'
  /** Whether there is a volume with a token for it. */
  readonly token?: true
  /** What usher has written into the annotation depends-on, where the pod's own said something else. */
  readonly dependsOn?: string
  /**
   * What stood in a place before usher made something there, for places that were absent (`"absent"`), null
   * or empty: `metadata`, `annotations`, `initContainers`, `volumes`, `terminationGracePeriodSeconds`,
   * `lifecycle/CONTAINER`, `preStop/CONTAINER`, `volumeMounts/CONTAINER`. And what usher has changed:
   * `annotation/KEY`, the value of an annotation, null where there was none; `livenessProbe/CONTAINER` and
   * `startupProbe/CONTAINER`, the grace period of a probe.
   */
  readonly was?: JsonObject
  /**
   * Of a manifest: how what stood in a place was written, where the value alone does not tell (`0x1e`, `~`, an
   * alias), by JSON Pointer from the pod. Null: the place had no text of its own, since a merge key filled it.
   */
  readonly text?: JsonObject
}

export interface NapStatus {
  readonly method: 'native' | 'exec'
  /** How long the containers nap now; 0 after the nap was removed. */
  readonly seconds: number
  /** By how much the grace periods of the pod and of the napped containers' probes were raised. */
  readonly raised: number
  /** The pod's grace period as its author wrote it; null where there was none. */
  readonly grace: number | null
  readonly containers: readonly string[]
  /** Containers whose hook was taken out again because another webhook had emptied it; they get none any more. */
  readonly lost?: readonly string[]
}

// All annotations of an object together may come to this (256 KiB).
const maxLength = 262_144

/** Whether the annotation was written by a newer usher, in a form that this one does not know. */
export function isNewerStatus(annotation: string | undefined): boolean {
  const value = annotation === undefined ? undefined : parse(annotation)
  return isObject(value) && isCount(value['v']) && value['v'] > 1
}

/** Reads the annotation. What was not written by usher gives undefined: it is then as if it were not there. */
export function readStatus(annotation: string | undefined): InjectionStatus | undefined {
  const value = annotation === undefined ? undefined : parse(annotation)
  if (!isObject(value) || value['v'] !== 1) return undefined
  const { nap, init, token, dependsOn, was, text } = value
  return {
    v: 1,
    ...(isNapStatus(nap) ? { nap } : {}),
    ...(init === 'lock' || init === 'gate' || init === 'copy' ? { init } : {}),
    ...(token === true ? { token } : {}),
    ...(typeof dependsOn === 'string' ? { dependsOn } : {}),
    ...(isObject(was) ? { was } : {}),
    ...(isObject(text) ? { text } : {}),
  }
}

/** Writes the annotation: one line of JSON. */
export function writeStatus(status: InjectionStatus): string {
  return JSON.stringify(status)
}

function parse(annotation: string): unknown {
  if (annotation.length > maxLength) return undefined
  try {
    return JSON.parse(annotation)
  } catch {
    return undefined
  }
}

function isNapStatus(value: unknown): value is Json & NapStatus {
  if (!isObject(value)) return false
  const { method, seconds, raised, grace, containers, lost } = value
  return (
    (method === 'native' || method === 'exec') &&
    isCount(seconds) &&
    isCount(raised) &&
    (grace === null || isCount(grace)) &&
    isListOfNames(containers) &&
    (lost === undefined || isListOfNames(lost))
  )
}

function isListOfNames(value: unknown): boolean {
  return Array.isArray(value) && value.every((name) => typeof name === 'string')
}
