import type { StateView } from '../lock/state-view.ts'
import { isObject, type JsonObject } from '../units/json.ts'
import type { LockPod } from './lock-pods.ts'

/** What is known of a node's lock: its state, or why it is not known. */
export interface NodeStatus {
  readonly lock: LockPod
  readonly state?: StateView
  readonly problem?: string
}

/** The nodes by their names; pods that have no node yet come last. */
export function byNode(statuses: readonly NodeStatus[]): readonly NodeStatus[] {
  return statuses.toSorted((left, right) => (left.lock.node ?? '\u{10ffff}').localeCompare(right.lock.node ?? '\u{10ffff}', 'en', { numeric: true }))
}

/**
 * Reads `GET /v1/state`. Older locks said less: what they did not say is filled in, and what cannot be done without
 * makes it undefined.
 */
export function readState(answer: JsonObject): StateView | undefined {
  const filled: unknown = { pods: { state: 'none', known: 0 }, starts: [], ...answer }
  return isState(filled) ? filled : undefined
}

function isState(value: unknown): value is StateView {
  if (!isObject(value)) return false
  const { now, startedAt, permits, pods } = value
  if (!isObject(permits) || typeof permits['floor'] !== 'number' || typeof permits['used'] !== 'number') return false
  if (!isObject(pods) || ![now, startedAt].every((time) => typeof time === 'string' && !Number.isNaN(Date.parse(time)))) return false
  const gated = value['gated'] ?? []
  if (!Array.isArray(gated) || !gated.every((each) => isObject(each) && isListOfObjects(each['dependencies']))) return false
  return ['holders', 'waiters', 'gates', 'starts'].every((name) => isListOfObjects(value[name]))
}

function isListOfObjects(value: unknown): boolean {
  return Array.isArray(value) && value.every(isObject)
}

/** One object for machines. */
export function toJson(namespace: string, statuses: readonly NodeStatus[]): object {
  return {
    namespace,
    nodes: statuses.map(({ lock, state, problem }) => ({
      node: lock.node ?? null,
      pod: lock.pod,
      version: lock.version ?? null,
      ready: lock.isReady,
      ...(state === undefined ? { problem: problem ?? 'not known' } : { state }),
    })),
  }
}
