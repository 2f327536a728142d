/** Somebody who waits. Times are those given to the queue. */
export interface Place {
  /** `uid:…` for a pod, `anonymous:…` for others. */
  readonly key: string
  readonly pod: string | undefined
  readonly peer: string
  /**
   * The container of the pod's init container that Kubernetes showed when it first asked, which is of an earlier start;
   * undefined: none was shown. What is said of the pod together with it is old.
   */
  readonly stale: string | undefined
  /** First come, first served. */
  readonly sequence: number
  readonly arrivedAt: number
  weight: number
  priority: number
  /** What its start takes of an idle core as long as its load cannot show: 1, or less where it is known to be light. */
  reserve: number
  leaseMs: number
  /** When the client ends its wait; undefined: not known. */
  deadline: number | undefined
  /** How many of its requests are held. */
  requests: number
  /** Since when none is; undefined: one is. */
  absentSince: number | undefined
}

/** Somebody who starts. */
export interface Lease {
  readonly key: string
  readonly pod: string | undefined
  readonly peer: string
  /** As of its place. */
  readonly stale: string | undefined
  /** Why it was granted: within the floor of permits, for an idle core, or because its wait was nearly over. */
  readonly grant: 'floor' | 'idle-core' | 'overdue'
  /** Of the floor; 0 for the others. */
  readonly permits: number
  /** As of its place, at the grant. */
  readonly reserve: number
  readonly arrivedAt: number
  readonly grantedAt: number
  endsAt: number
  endCause: 'lease-end' | 'blind-hold'
  /** Whether a container of the pod has crash-looped since the grant: who waits then comes before it. */
  crashing: boolean
  /** Whether the answer has left for the client. */
  claimed: boolean
  /** Since when nobody is there who could be told; undefined: somebody is, or knows. */
  absentSince: number | undefined
}

/** A gate that was found closed. */
export interface ClosedGate {
  readonly name: string
  readonly since: number
  reason: string
  /** It has been closed for so long that it counts as open. */
  overdue: boolean
}

/** What outlasts a restart of a closed gate. */
export type KeptGate = Pick<ClosedGate, 'name' | 'since' | 'overdue'>

/** A gate that has opened, and not closed again. */
export interface OpenedGate {
  readonly name: string
  /** Since when it had been closed. */
  readonly since: number
  readonly openedAt: number
}

/** All that the queue knows, as plain data. */
export interface QueueState {
  readonly now: number
  readonly sequence: number
  readonly lastOverdueAt: number | undefined
  readonly leases: readonly Lease[]
  readonly waiting: readonly Place[]
  readonly gates: readonly ClosedGate[]
  readonly opened: readonly OpenedGate[]
  readonly load: LoadState
}

/** What the readings of the load amount to. */
export interface LoadState {
  /** When the last one came. */
  readonly at: number | undefined
  /** For how long so many cores have been idle, by every reading; from the longest time to the most cores. */
  readonly idle: readonly IdleLevel[]
  readonly idleCores: number
  readonly pressure: number | undefined
}

/** Since when every reading has shown so many idle cores, with pressure not above the bound. */
export interface IdleLevel {
  readonly cores: number
  readonly since: number
}
