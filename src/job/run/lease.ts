/** A Lease, as far as it says who holds it. */
export interface LeaseRecord {
  readonly holder: string
  /** As its holder has written it. Clocks of several machines are not compared: only whether it changes counts. */
  readonly renewTime: string
  readonly durationMs: number
}

/** How long a client that is gone keeps a job, and how often one that is there renews that. */
export const leaseMs = 15_000
export const renewEveryMs = 5_000

/** A lease as it was first seen in this form, on the clock of whoever looks. */
export interface Sighting {
  readonly record: LeaseRecord | undefined
  readonly sinceMs: number
}

/** What was seen of a lease by now; a lease that is not there is seen, too: its holder may be about to take it. */
export function look(before: Sighting | undefined, record: LeaseRecord | undefined, nowMs: number): Sighting {
  return before !== undefined && isSameRecord(before.record, record) ? before : { record, sinceMs: nowMs }
}

/** Whether somebody is there behind a lease. */
export type Liveness =
  /** It was renewed, or taken, while we looked. */
  | { readonly kind: 'alive'; readonly holder: string }
  /** It was not for as long as it lasts. */
  | { readonly kind: 'expired' }
  /** It cannot be told yet. */
  | { readonly kind: 'unknown'; readonly leftMs: number }

/** As client-go's leader election has it: only by what a client sees itself, on its own clock that never jumps. */
export function liveness(first: Sighting, last: Sighting, nowMs: number): Liveness {
  if (last !== first && last.record !== undefined) return { kind: 'alive', holder: last.record.holder }
  const leftMs = last.sinceMs + (last.record?.durationMs ?? leaseMs) - nowMs
  return leftMs <= 0 ? { kind: 'expired' } : { kind: 'unknown', leftMs }
}

function isSameRecord(left: LeaseRecord | undefined, right: LeaseRecord | undefined): boolean {
  return left?.holder === right?.holder && left?.renewTime === right?.renewTime && left?.durationMs === right?.durationMs
}
