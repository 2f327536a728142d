/** Why the lock is left out. */
export type BreakerCause = 'lock-not-known' | 'no-lock-ready' | 'init-container-hangs'

/** All causes, for metrics. */
export const breakerCauses: readonly BreakerCause[] = ['lock-not-known', 'no-lock-ready', 'init-container-hangs']

/** What the breaker is told. */
export type BreakerEvent =
  /** So many locks are ready; none, too, where there is no DaemonSet. */
  | { readonly kind: 'locks'; readonly ready: number }
  /** The pod's init container of ours cannot be started, for the kubelet's reason. */
  | { readonly kind: 'hanging'; readonly pod: string; readonly reason: string }
  /** The pod has gone on, or is gone. */
  | { readonly kind: 'freed'; readonly pod: string }
  /** Nothing but time has passed. */
  | { readonly kind: 'tick' }

interface Hanging {
  readonly since: number
  readonly reason: string
}

type HangState =
  /** Injected; `closedAt` and `holdMs` are those of the last time that it was not. */
  | { readonly kind: 'closed'; readonly holdMs: number; readonly closedAt: number | undefined }
  /** Left out; `freeSince`: no pod has hung since then. */
  | { readonly kind: 'open'; readonly holdMs: number; readonly freeSince: number | undefined }

// A pull that fails once and then succeeds takes about ten seconds: the kubelet's first backoff.
const hangMs = 20_000
const firstHoldMs = 60_000
const mostHoldMs = 10 * 60_000
// Pods have to be created before they can hang again.
const againWithinMs = 10 * 60_000

/**
 * Decides whether the lock is injected at the moment. Pure: it is told what happens and when, and has no clock.
 *
 * | locks ready | pods hang on our init container       | the lock is |
 * |-------------|---------------------------------------|-------------|
 * | not known   | any                                   | left out    |
 * | none        | any                                   | left out    |
 * | some        | none for 20 s                         | injected    |
 * | some        | one for 20 s                          | left out    |
 * | some        | none any more, for less than the hold | left out    |
 * | some        | none any more, for the hold           | injected    |
 *
 * The hold is 60 s; it doubles, up to 10 min, when pods hang again within 10 min of the last time. Before anything is
 * known no lock is injected, because pods start first of all; that locks are not known any more changes nothing.
 */
export class Breaker {
  #locksReady: number | undefined
  #hang: HangState = { kind: 'closed', holdMs: firstHoldMs, closedAt: undefined }
  /** The pods that hang; the first one has hung the longest. */
  readonly #hanging = new Map<string, Hanging>()

  /** Takes an event. Times are milliseconds on a monotonic clock. */
  note(event: BreakerEvent, now: number): void {
    this.#take(event, now)
    this.#hang = nextHang(this.#hang, this.#hanging, now)
  }

  /** Why the lock is left out; empty: it is injected. */
  get causes(): readonly BreakerCause[] {
    const causes: BreakerCause[] = []
    if (this.#locksReady === undefined) causes.push('lock-not-known')
    if (this.#locksReady === 0) causes.push('no-lock-ready')
    if (this.#hang.kind === 'open') causes.push('init-container-hangs')
    return causes
  }

  /** Of the pods that hang, the one that has for the longest, and why. */
  get firstHanging(): { readonly pod: string; readonly reason: string } | undefined {
    const [first] = this.#hanging
    return first === undefined ? undefined : { pod: first[0], reason: first[1].reason }
  }

  /** How many pods hang. */
  get hanging(): number {
    return this.#hanging.size
  }

  #take(event: BreakerEvent, now: number): void {
    switch (event.kind) {
      case 'locks':
        this.#locksReady = event.ready
        break
      case 'hanging':
        this.#hanging.set(event.pod, { since: this.#hanging.get(event.pod)?.since ?? now, reason: event.reason })
        break
      case 'freed':
        this.#hanging.delete(event.pod)
        break
      case 'tick':
        break
    }
  }
}

function nextHang(hang: HangState, hanging: ReadonlyMap<string, Hanging>, now: number): HangState {
  if (hang.kind === 'closed') {
    const [first] = hanging.values()
    if (first === undefined || now - first.since < hangMs) return hang
    const again = hang.closedAt !== undefined && now - hang.closedAt <= againWithinMs
    return { kind: 'open', holdMs: again ? Math.min(2 * hang.holdMs, mostHoldMs) : firstHoldMs, freeSince: undefined }
  }
  const { holdMs } = hang
  if (hanging.size > 0) return { kind: 'open', holdMs, freeSince: undefined }
  const freeSince = hang.freeSince ?? now
  return now - freeSince >= holdMs ? { kind: 'closed', holdMs, closedAt: now } : { kind: 'open', holdMs, freeSince }
}
