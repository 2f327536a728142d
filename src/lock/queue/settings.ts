/** How the queue of one node behaves. Times in milliseconds. */
export interface QueueSettings {
  /** How many may start whatever the load is; at least 1. */
  readonly permits: number
  /** Whether that is all: no further grants on an idle node. */
  readonly strict: boolean
  /** How long a lease lasts where the request names no duration. */
  readonly anonymousLeaseMs: number
  readonly identifiedLeaseMs: number
  /** No lease is longer, whatever a request says. */
  readonly leaseCapMs: number
  /** How long a started pod without probes is taken to be starting. */
  readonly blindHoldMs: number
  /** After how long a closed gate no longer holds anybody up; 0: never. */
  readonly gateMaxWaitMs: number
  /** How many may wait at a time, in all and of one peer address. */
  readonly maxWaiting: number
  readonly maxWaitingPerPeer: number
  /** So many cores without work count as an idle core, for one start: less than 1, as whoever measures uses some CPU, too. */
  readonly idleCores: number
  /** Percent of the time in which a task waited for a CPU (PSI, `some`); above it there are no further grants. */
  readonly pressureBound: number
}

/** What holds where nobody says otherwise; permits and leases are those of the older service. */
export const defaultQueueSettings: QueueSettings = {
  permits: 1,
  strict: false,
  anonymousLeaseMs: 10_000,
  identifiedLeaseMs: 120_000,
  leaseCapMs: 3_600_000,
  blindHoldMs: 10_000,
  gateMaxWaitMs: 600_000,
  maxWaiting: 2_000,
  maxWaitingPerPeer: 256,
  idleCores: 0.8,
  pressureBound: 40,
}

/** No request weighs more. */
export const weightCap = 1_000
/** How long the place of an identified client that has gone away, or its lease that it does not know of, is kept. */
export const absentKeepMs = 10_000
/** Who has waited for so long goes before all who have not, whatever their priority. */
export const agingMs = 60_000
/** Overdue waiters are granted so far apart. */
export const overdueSpacingMs = 1_000
/** And so long before their own wait ends: the answer has to reach them. */
export const overdueMarginMs = 1_000
/** A gate that closes again so soon has been closed all along, by what its bound counts. */
export const recloseMs = 60_000
/** For how long cores must have been idle before further grants. */
export const idleForMs = 500
/**
 * For so long after its grant a start's load may not show: the kubelet takes 0.8 to 1.0 s until the next container
 * starts, and a reading the 0.25 s before it.
 */
export const unseenMs = 1_500
/**
 * No start is taken to need less of an idle core, however light its workload is known to be: if all of them are heavy this
 * time, no more than four begin in place of one.
 */
export const leastReserve = 0.25
/** Readings of the load that are older say nothing. */
export const loadStaleMs = 1_500
