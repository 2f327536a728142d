import type { PodFacts, PodSource } from './pods.ts'
import { isIdentified, keyOf, uidOf } from './queue/queue.ts'
import type { LockService } from './service.ts'

/**
 * Ends leases when their pods are up, or over; until the returned function is called.
 *
 * A status counts for a lease from the first one on that shows the pod's init container of this start, and finished:
 * after a reboot Kubernetes still shows the old one, finished, and often ContainersReady, for up to two seconds.
 */
export function followPods(service: LockService, pods: PodSource): () => void {
  function hear(pod: PodFacts): void {
    const { uid } = pod
    if (pod.isOver) {
      service.feed({ kind: 'gone', uid })
      return
    }
    const lease = service.queue.lease(keyOf(uid))
    if (lease === undefined || pod.wait?.isFinished !== true || pod.wait.id === lease.stale) return
    if (pod.isReady && pod.hasProbes) service.feed({ kind: 'ready', uid })
    else if (pod.isCrashing) service.feed({ kind: 'crashing', uid })
    else if (pod.isStarted) service.feed({ kind: 'started', uid, hasProbes: pod.hasProbes })
  }

  /** What was known before may be of a pod that is there no more, or up by now. */
  function hearAll(): void {
    const { queue } = service
    for (const { key } of [...queue.leases(), ...queue.waiting()]) {
      const uid = isIdentified(key) ? uidOf(key) : undefined
      if (uid !== undefined && pods.find(uid) === undefined) service.feed({ kind: 'gone', uid })
    }
    for (const pod of pods.all()) hear(pod)
  }

  const unwatch = pods.watch({ changed: hear, gone: ({ uid }) => service.feed({ kind: 'gone', uid }), synced: hearAll })
  if (pods.health().state === 'connected') hearAll()
  return unwatch
}
