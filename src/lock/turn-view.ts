import type { PodFacts, PodSource } from './pods.ts'
import { isIdentified, uidOf } from './queue/queue.ts'
import type { Lease } from './queue/state.ts'

/** What a turn waits for, and how far its pod is. */
export interface TurnView {
  /**
   * What ends it, unless it is given back, its pod is gone or its time is over before: that the pod is `ready`, or that
   * it has `started`, which begins the blind hold of a pod without probes; then the end of the `blind-hold`. Where
   * nothing is known, or nothing is heard any more, its time alone: `lease-end`.
   */
  readonly until: 'ready' | 'started' | 'blind-hold' | 'lease-end'
  /** Undefined: they are not known, or as of an earlier start. */
  readonly containers?: ContainersView
}

/** Regular containers and native sidecars. */
export interface ContainersView {
  readonly ready: number
  readonly total: number
  /** What the first that is not ready lacks, for people: `web: readiness probe`. */
  readonly lacks?: string
}

/** Looks at a turn, and at its pod where that is known. */
export function viewTurn(lease: Lease, pods: PodSource): TurnView {
  const pod = podOf(lease.key, pods)
  const status = pod === undefined || isOld(pod, lease) ? undefined : pod
  return {
    until: untilOf(lease, pod, status, pods.health().state === 'lost'),
    ...(status === undefined ? {} : { containers: viewContainers(status) }),
  }
}

/** The pod that a key is of; undefined: none that is known. */
export function podOf(key: string, pods: PodSource): PodFacts | undefined {
  return isIdentified(key) ? pods.find(uidOf(key)) : undefined
}

/** After a reboot Kubernetes goes on showing the status of before. */
function isOld({ wait }: PodFacts, { stale }: Lease): boolean {
  return stale !== undefined && wait?.id === stale
}

function untilOf({ endCause }: Lease, pod: PodFacts | undefined, status: PodFacts | undefined, isLost: boolean): TurnView['until'] {
  if (endCause === 'blind-hold') return 'blind-hold'
  if (pod === undefined || isLost) return 'lease-end'
  if (pod.hasProbes) return 'ready'
  // Where the blind hold would be longer than what is left, it has not begun.
  return status?.isStarted === true ? 'lease-end' : 'started'
}

function viewContainers({ containers: { ready, total, lacks } }: PodFacts): ContainersView {
  return { ready, total, ...(lacks === undefined ? {} : { lacks }) }
}
