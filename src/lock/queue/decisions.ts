import type { Lease, Place } from './state.ts'

/** What the queue decides. */
export type Decision =
  /** A request has the place with this key, new or from before. Each request gives this or `rejected`. */
  | { readonly kind: 'placed'; readonly key: string; readonly isNew: boolean }
  | { readonly kind: 'rejected'; readonly reason: RejectReason }
  /** A lease is granted; or, `again`, told once more to the pod that has it. */
  | { readonly kind: 'granted'; readonly key: string; readonly lease: Lease; readonly again: boolean }
  /** A lease has ended. */
  | { readonly kind: 'released'; readonly key: string; readonly lease: Lease; readonly cause: ReleaseCause }
  /** A place is no more. */
  | { readonly kind: 'dropped'; readonly key: string; readonly place: Place; readonly cause: DropCause }
  /** A gate was found open, or closed, or has been closed for so long that it counts as open. */
  | { readonly kind: 'gate'; readonly name: string; readonly open: boolean; readonly reason: string; readonly overdue: boolean }

/** Why a request gets no place. */
export type RejectReason = 'too-many-waiting' | 'too-many-waiting-from-peer'

/** Why a lease has ended. */
export type ReleaseCause = 'ready' | 'gone' | 'given-back' | 'blind-hold' | 'lease-end' | 'unclaimed' | 'crash-loop'

/** Why a place is no more, other than by a grant. */
export type DropCause = 'gone' | 'given-back' | 'left'
