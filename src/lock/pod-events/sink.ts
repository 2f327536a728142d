import type { NoticedPod } from './notice.ts'
import type { EventReason } from './reasons.ts'

/** Where Events go: each call is one request. */
export interface EventSink {
  create(event: PodEventView, signal: AbortSignal): Promise<SinkAnswer>
  /** Changes message, count and time of an Event that was created. */
  update(event: PodEventView, signal: AbortSignal): Promise<SinkAnswer>
}

/** An Event of a pod. Pod, reason and occasion name it: the same ones, the same Event. */
export interface PodEventView {
  readonly pod: NoticedPod
  readonly type: 'Normal' | 'Warning'
  readonly reason: EventReason
  readonly occasion: string
  readonly message: string
  readonly count: number
  /** Milliseconds since it happened first, and last. */
  readonly firstAgoMs: number
  readonly lastAgoMs: number
}

/** What came of a request. */
export type SinkAnswer =
  | { readonly kind: 'taken' }
  /** There is one of this name already. */
  | { readonly kind: 'exists' }
  /** There is none that could be changed. */
  | { readonly kind: 'missing' }
  /** This one is not taken, now or later; others may be. */
  | { readonly kind: 'refused'; readonly error: unknown }
  /** There is no right to do this. */
  | { readonly kind: 'forbidden'; readonly error: unknown }
  /** Nobody answers, or it is too much now; `retryAfterMs` is what the server asked for, or 0. */
  | { readonly kind: 'unavailable'; readonly error: unknown; readonly retryAfterMs: number }
