import type { Logger } from 'pino'
import type { EventLog } from './event-log.ts'
import type { LockMetrics } from './metrics.ts'
import type { Decision } from './queue/decisions.ts'
import { isIdentified, type Queue } from './queue/queue.ts'
import type { Lease, Place } from './queue/state.ts'
import type { Starts } from './starts.ts'

/** Whom an announcer tells, and of whose decisions. */
export interface AnnouncerOptions {
  readonly queue: Pick<Queue, 'now' | 'place'>
  readonly events: EventLog
  readonly starts: Starts
  readonly metrics: LockMetrics
  readonly log: Logger
}

/** Tells people what the queue has decided: by the log, metrics, events, and the list of starts. */
export class Announcer {
  readonly #queue: AnnouncerOptions['queue']
  readonly #events: EventLog
  readonly #starts: Starts
  readonly #metrics: LockMetrics
  readonly #log: Logger

  constructor({ queue, events, starts, metrics, log }: AnnouncerOptions) {
    this.#queue = queue
    this.#events = events
    this.#starts = starts
    this.#metrics = metrics
    this.#log = log
  }

  /** @param all that were made with it. */
  tell(decision: Decision, all: readonly Decision[]): void {
    switch (decision.kind) {
      case 'placed':
        if (decision.isNew && this.#queue.place(decision.key) !== undefined) this.#events.add('waiting', this.#queue.place(decision.key)?.pod, {})
        return
      case 'rejected':
        this.#metrics.rejected(decision.reason)
        return
      case 'granted':
        if (!decision.again) this.#tellGrant(decision.lease)
        return
      case 'released':
        this.#tellRelease(decision.lease, decision.cause)
        return
      case 'dropped':
        // Those who did not want to wait have never been in the queue, for people.
        if (!all.some((other) => other.kind === 'placed' && other.key === decision.key && other.isNew)) this.#tellDrop(decision.place, decision.cause)
        return
      case 'gate':
        this.#tellGate(decision)
    }
  }

  #tellGrant(lease: Lease): void {
    const { pod, grant, key, reserve } = lease
    const waitedMs = lease.grantedAt - lease.arrivedAt
    const isAnonymous = !isIdentified(key)
    this.#metrics.granted(grant, isAnonymous, waitedMs)
    this.#starts.granted(lease)
    this.#events.add('granted', pod, { grant, waitedSeconds: waitedMs / 1_000 })
    const known = reserve < 1 ? { reserve } : {}
    this.#log.info({ pod, peer: lease.peer, grant, waitedMs, leaseMs: lease.endsAt - lease.grantedAt, ...known }, 'granted')
  }

  #tellRelease(lease: Lease, cause: Extract<Decision, { kind: 'released' }>['cause']): void {
    const heldMs = this.#queue.now - lease.grantedAt
    this.#metrics.released(cause, heldMs)
    this.#starts.released(lease.key, cause, this.#queue.now)
    this.#events.add('released', lease.pod, { cause, heldSeconds: heldMs / 1_000 })
    this.#log.info({ pod: lease.pod, cause, heldMs }, 'released')
  }

  #tellDrop(place: Place, cause: Extract<Decision, { kind: 'dropped' }>['cause']): void {
    this.#metrics.dropped(cause)
    this.#events.add('left', place.pod, { cause })
    this.#log.info({ pod: place.pod, cause, waitedMs: this.#queue.now - place.arrivedAt }, 'left the queue')
  }

  #tellGate({ name, open, overdue, reason }: Extract<Decision, { kind: 'gate' }>): void {
    if (overdue) this.#metrics.gateOverdue(name)
    this.#events.add('gate', undefined, { gate: name, open, overdue, reason })
    if (overdue) this.#log.warn({ gate: name, reason }, 'the gate has been closed for too long; it counts as open')
    else this.#log.info({ gate: name, open, reason }, 'gate')
  }
}
