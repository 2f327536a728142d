import { type PodFacts, type PodSource, unknownStart, type WaitContainer } from './pods.ts'
import { isIdentified, keyOf, uidOf } from './queue/queue.ts'
import type { LockService } from './service.ts'

// A status has whole seconds, rounded down.
const roundingMs = 1_000

/**
 * Ends leases when their pods are up, or over; until the returned function is called.
 *
 * A status counts for a lease from the first one on that shows the pod's init container of this start, and finished:
 * after a reboot Kubernetes still shows the old one, finished, and often ContainersReady, for up to two seconds. What it
 * showed when the pod asked stands in the lease; what it shows later, but while the pod waits, is found here.
 */
export function followPods(service: LockService, pods: PodSource, wallNow: () => number = Date.now): () => void {
  const { queue } = service
  /** By uid, what was shown as finished while the pod waited: its init container of an earlier start. */
  const old = new Map<string, string>()

  function hear(pod: PodFacts): void {
    const { uid } = pod
    if (pod.isOver) {
      service.feed({ kind: 'gone', uid })
      return
    }
    const lease = queue.lease(keyOf(uid))
    if (lease === undefined || pod.wait?.isFinished !== true || pod.wait.id === lease.stale || pod.wait.id === old.get(uid)) return
    if (lease.stale === unknownStart && !isAfter(pod.wait, lease.grantedAt)) return
    if (pod.isReady && pod.hasProbes) service.feed({ kind: 'ready', uid })
    else if (pod.isCrashing) service.feed({ kind: 'crashing', uid })
    else if (pod.isStarted) service.feed({ kind: 'started', uid, hasProbes: pod.hasProbes })
  }

  /** Whether a container has finished after a moment of the service's clock, by the node's wall clock. */
  function isAfter({ finishedAt }: WaitContainer, moment: number): boolean {
    return finishedAt !== undefined && finishedAt >= wallNow() - (service.now() - moment) - roundingMs
  }

  /** After a restart: who has gone on without its turn, while there was no lock, waits no more. */
  function hasGoneOn({ uid, wait }: PodFacts): boolean {
    const place = queue.place(keyOf(uid))
    return place !== undefined && wait?.isFinished === true && wait.id !== place.stale && isAfter(wait, place.arrivedAt + 2 * roundingMs)
  }

  function noteOld({ uid, wait }: PodFacts): void {
    if (wait?.isFinished === true && queue.place(keyOf(uid)) !== undefined) old.set(uid, wait.id)
  }

  /** What was known before may be of a pod that is there no more, or up by now. */
  function hearAll(): void {
    for (const pod of pods.all()) if (hasGoneOn(pod)) service.giveBack(keyOf(pod.uid))
    for (const { key } of [...queue.leases(), ...queue.waiting()]) {
      const uid = isIdentified(key) ? uidOf(key) : undefined
      if (uid !== undefined && pods.find(uid) === undefined) service.feed({ kind: 'gone', uid })
    }
    for (const pod of pods.all()) hear(pod)
  }

  const unwatch = pods.watch({
    changed(pod) {
      noteOld(pod)
      // Not before all are known, and noted: a turn that ends begins others.
      if (pods.health().state !== 'starting') hear(pod)
    },
    gone({ uid }) {
      old.delete(uid)
      service.feed({ kind: 'gone', uid })
    },
    synced: hearAll,
  })
  if (pods.health().state === 'connected') hearAll()
  return unwatch
}
