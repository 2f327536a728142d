import type { Decision } from '../../src/lock/queue/decisions.ts'
import type { QueueEvent, RequestEvent } from '../../src/lock/queue/events.ts'
import { Queue } from '../../src/lock/queue/queue.ts'
import { defaultQueueSettings, type QueueSettings } from '../../src/lock/queue/settings.ts'

/** A queue told as a story: in seconds, and in lines such as `3 granted a floor`. */
export class QueueStory {
  readonly queue: Queue
  /** What was decided since it was last looked at. */
  #lines: string[] = []
  #now = 0

  constructor(settings: Partial<QueueSettings> = {}) {
    this.queue = new Queue({ ...defaultQueueSettings, ...settings }, 0)
  }

  /** A pod asks, and waits. */
  pod(uid: string, wishes: Partial<RequestEvent> = {}): void {
    this.apply({ ...request, uid, ...wishes })
  }

  /** An anonymous client asks, and waits; gives back its key. */
  anonymous(wishes: Partial<RequestEvent> = {}): string {
    const placed = this.apply({ ...request, ...wishes }).find(({ kind }) => kind === 'placed')
    return placed?.kind === 'placed' ? placed.key : 'rejected'
  }

  /** Readings four times a second, for so many seconds. */
  load(idleCores: number, seconds: number, pressure?: number): void {
    for (let quarter = 0; quarter < 4 * seconds; quarter++) {
      const at = this.#now + 250
      // What is due at that very moment looks at this reading, too.
      this.until((at - 1) / 1_000)
      this.#now = at
      this.apply({ kind: 'load', idleCores, pressure, windowMs: 250 })
    }
  }

  /** Lets time pass, with the ticks that the queue asks for. */
  until(seconds: number): void {
    for (let ticks = 0; ; ticks++) {
      const next = this.queue.nextChangeAt()
      if (next === undefined || next > seconds * 1_000) break
      if (ticks > 10_000) throw new Error(`ticks never end at ${next}`)
      this.#now = next
      this.apply({ kind: 'tick' })
    }
    this.#now = seconds * 1_000
    this.apply({ kind: 'tick' })
  }

  /** Lets an event happen: now, unless another time is given. */
  apply(event: QueueEvent, now = this.#now): readonly Decision[] {
    const decisions = this.queue.apply(event, now)
    this.#lines.push(...decisions.flatMap((decision) => this.#line(decision)))
    return decisions
  }

  /** What was decided since the last look. */
  told(): string[] {
    const lines = this.#lines
    this.#lines = []
    return lines
  }

  #line(decision: Decision): string[] {
    const at = this.#now / 1_000
    if (decision.kind === 'placed') return []
    if (decision.kind === 'rejected') return [`${at} rejected ${decision.reason}`]
    if (decision.kind === 'gate') return [`${at} gate ${decision.name} ${decision.overdue ? 'overdue' : decision.open ? 'open' : 'closed'}`]
    const name = decision.key.replace('uid:', '')
    if (decision.kind === 'granted') return [`${at} granted ${name} ${decision.again ? 'again' : decision.lease.grant}`]
    return [`${at} ${decision.kind} ${name} ${decision.cause}`]
  }
}

/** What asks for nothing in particular. */
export const request: RequestEvent = {
  kind: 'request',
  uid: undefined,
  pod: undefined,
  peer: '10.0.0.1',
  weight: 1,
  priority: 0,
  leaseMs: undefined,
  leftMs: undefined,
  waits: true,
}
