import type { PodFacts, PodSource } from './pods.ts'
import { isIdentified, keyOf, uidOf } from './queue/queue.ts'
import type { LockService } from './service.ts'

/**
 * Ends leases when their pods are up, or over; until the returned function is called.
 *
 * A status counts for a lease from the first one on that shows the pod's init container of this start, and finished:
 * after a reboot Kubernetes still shows the old one, finished, and often ContainersReady, for up to two seconds. What it
 * showed when the pod asked stands in the lease; what it shows later, but while the pod waits, is found here.
 */
export function followPods(service: LockService, pods: PodSource): () => void {
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
    if (pod.isReady && pod.hasProbes) service.feed({ kind: 'ready', uid })
    else if (pod.isCrashing) service.feed({ kind: 'crashing', uid })
    else if (pod.isStarted) service.feed({ kind: 'started', uid, hasProbes: pod.hasProbes })
  }

  function noteOld({ uid, wait }: PodFacts): void {
    if (wait?.isFinished === true && queue.place(keyOf(uid)) !== undefined) old.set(uid, wait.id)
  }

  /** What was known before may be of a pod that is there no more, or up by now. */
  function hearAll(): void {
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
