import type { Clock } from '../../units/clock.ts'
import { isIdentified, uidOf } from '../queue/queue.ts'
import type { Place } from '../queue/state.ts'
import type { LockService } from '../service.ts'
import { standingOf } from '../standing.ts'
import type { Notice, NoticedPod, Notices } from './notice.ts'
import { worthMs } from './reasons.ts'
import { waitingWords } from './words.ts'

/** So often is it told again that a pod waits. */
export const againMs = 60_000
/** A pod that Kubernetes has not told of yet is looked for again. */
const unknownPauseMs = 5_000

/** Tells of pods that wait, and again while they do; until the returned function is called. */
export function watchWaits(service: LockService, clock: Clock, notices: Notices): () => void {
  /** When each of those that wait is told of next; whoever waits no more is found out then. */
  const dueAt = new Map<string, number>()
  let timer: { readonly at: number; readonly cancel: () => void } | undefined

  function arrive(place: Place): void {
    if (!isIdentified(place.key)) return
    const at = nextDueAt(place.arrivedAt, clock.now())
    dueAt.set(place.key, at)
    wakeBy(at)
  }

  function wakeBy(at: number): void {
    if (timer !== undefined && timer.at <= at) return
    timer?.cancel()
    timer = { at, cancel: clock.after(at - clock.now(), look) }
  }

  function look(): void {
    timer = undefined
    const now = clock.now()
    for (const [key, at] of dueAt) if (at <= now) tell(key, now)
    const next = Math.min(...dueAt.values())
    if (next !== Infinity) wakeBy(next)
  }

  function tell(key: string, now: number): void {
    const place = service.queue.place(key)
    if (place === undefined) {
      dueAt.delete(key)
      return
    }
    const pod = service.pods.find(uidOf(key))
    dueAt.set(key, pod === undefined ? now + unknownPauseMs : nextDueAt(place.arrivedAt, now))
    if (pod !== undefined) notices(waitingNotice(service, place, pod, now))
  }

  const unfollow = service.follow((decision) => {
    const place = decision.kind === 'placed' && decision.isNew ? service.queue.place(decision.key) : undefined
    if (place !== undefined) arrive(place)
  })
  for (const place of service.queue.waiting()) arrive(place)
  return () => {
    unfollow()
    timer?.cancel()
  }
}

/** The times at which a wait is told of are those of its arrival alone: after a restart of the lock they are the same. */
function nextDueAt(arrivedAt: number, now: number): number {
  const firstAt = arrivedAt + worthMs
  return now < firstAt ? firstAt : firstAt + againMs * timesDue(arrivedAt, now)
}

/** How many of them there have been. */
function timesDue(arrivedAt: number, now: number): number {
  return 1 + Math.floor((now - arrivedAt - worthMs) / againMs)
}

function waitingNotice(service: LockService, place: Place, { uid, namespace, name }: NoticedPod, dueAt: number): Notice {
  const { key, arrivedAt } = place
  return {
    pod: { uid, namespace, name },
    reason: 'StartupLockWaiting',
    occasion: String(arrivedAt),
    dueAt,
    tell() {
      // It may be another wait of the same pod by then.
      if (service.queue.place(key)?.arrivedAt !== arrivedAt) return undefined
      const now = service.now()
      const message = waitingWords(now - arrivedAt, standingOf(service, key, `${namespace}/${name}`))
      return { message, count: timesDue(arrivedAt, now), firstAt: arrivedAt + worthMs, lastAt: now }
    },
  }
}
