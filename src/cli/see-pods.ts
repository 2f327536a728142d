import { textAt } from '../check/json-paths.ts'
import { hasLock, instanceOf } from '../job/instances/instance.ts'
import type { LockPlace } from '../job/instances/lock-place.ts'
import type { NodeStatus } from '../status/node-status.ts'
import type { JsonObject } from '../units/json.ts'
import { mapBounded } from '../units/map-bounded.ts'
import type { SeenPod } from '../why/facts.ts'
import { lockPlaceOf } from '../why/lock-place.ts'
import type { JoinedAdmin } from './admin-cluster.ts'
import type { Asker } from './asker.ts'
import { findLocks, readStates } from './lock-states.ts'
import { readLog } from './read-log.ts'

/** What looks at pods, and where what it could not ask is written down. */
export interface Looking {
  readonly admin: JoinedAdmin
  readonly asker: Asker
  readonly signal: AbortSignal
  readonly nowMs: number
  readonly unasked: (sentence: string) => void
}

/** So many nodes are asked, and so many logs are read. */
const mostNodes = 20
const mostLines = 5

/**
 * Says how pods are. Of those that wait for a lock, the locks of their nodes are asked where they stand; and where a lock
 * does not tell, `usher-lock` itself. Never throws for what cannot be asked.
 */
export async function seePods(pods: readonly JsonObject[], looking: Looking): Promise<readonly SeenPod[]> {
  const { nowMs } = looking
  const waiting = pods.filter((pod) => hasLock(pod) && isWaiting(pod, nowMs))
  if (waiting.length === 0) return pods.map((pod) => ({ pod, instance: instanceOf(pod, { nowMs }) }))
  const places = await placesOf(waiting, looking)
  const lines = await lastLinesOf(waiting.filter((pod) => !places.has(pod)), looking)
  return pods.map((pod) => {
    const place = places.get(pod)
    return { pod, instance: instanceOf(pod, { nowMs, lock: place, lastLine: lines.get(pod) }), place }
  })
}

function isWaiting(pod: JsonObject, nowMs: number): boolean {
  const { state } = instanceOf(pod, { nowMs })
  return state === 'Queued' || state === 'Gated'
}

async function placesOf(pods: readonly JsonObject[], { admin, asker, signal, unasked }: Looking): Promise<ReadonlyMap<JsonObject, LockPlace>> {
  const nodes = new Set(pods.flatMap((pod) => textAt(pod, 'spec', 'nodeName') ?? []).slice(0, mostNodes))
  // usher's own namespace is not the one of the workload.
  const found = await asker.ask('the locks', async () => {
    const { locks } = await findLocks({ ...admin, namespace: undefined }, signal)
    return readStates(admin, locks.filter(({ node }) => node !== undefined && nodes.has(node)), signal)
  })
  if (found.kind !== 'told') {
    unasked(`where it stands in the queues of the locks could not be asked: ${found.message}`)
    return new Map()
  }
  for (const { lock, state, problem } of found.value) if (state === undefined) unasked(`the lock of ${lock.node ?? lock.pod} could not be asked: ${problem ?? 'it does not say why'}`)
  return new Map(
    pods.flatMap((pod) => {
      const place = placeIn(found.value, pod)
      return place === undefined ? [] : [[pod, place] as const]
    }),
  )
}

function placeIn(statuses: readonly NodeStatus[], pod: JsonObject): LockPlace | undefined {
  const state = statuses.find(({ lock }) => lock.node === textAt(pod, 'spec', 'nodeName'))?.state
  const name = `${textAt(pod, 'metadata', 'namespace') ?? ''}/${textAt(pod, 'metadata', 'name') ?? ''}`
  return state === undefined ? undefined : lockPlaceOf(state, name)
}

/** What usher-wait has said last, of a few pods. */
async function lastLinesOf(pods: readonly JsonObject[], looking: Looking): Promise<ReadonlyMap<JsonObject, string>> {
  const lines = await mapBounded(pods.slice(0, mostLines), mostLines, async (pod) => {
    const log = await readLog(looking, { namespace: textAt(pod, 'metadata', 'namespace') ?? '', pod: textAt(pod, 'metadata', 'name') ?? '', container: 'usher-lock', tail: 1 })
    return [pod, log.kind === 'told' ? log.value.at(-1) : undefined] as const
  })
  return new Map(lines.flatMap(([pod, line]) => (line === undefined ? [] : [[pod, line] as const])))
}
