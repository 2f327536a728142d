import type { Logger } from 'pino'
import type { Clock } from '../../units/clock.ts'
import type { LockMetrics } from '../metrics.ts'
import { Bucket } from './bucket.ts'
import type { Notice, Telling } from './notice.ts'
import { Outbox, type Pending } from './outbox.ts'
import { Pace } from './pace.ts'
import { eventReasons } from './reasons.ts'
import type { EventSink, PodEventView, SinkAnswer } from './sink.ts'

/** What Events are sent with. */
export interface EventSenderOptions {
  readonly sink: EventSink
  readonly clock: Clock
  readonly metrics: Pick<LockMetrics, 'podEvent'>
  readonly log: Logger
  /** From 0 to 1. */
  readonly random?: () => number
}

/**
 * A pod's share of what its node may send: one that waits, starts and fails needs 4, and one more each minute. What a
 * pod does to its own turns takes nothing from the others.
 */
export const podLimits = { burst: 6, refillMs: 60_000 }
/** What could not be sent by then is no news any more. */
export const keptForMs = 10 * 60_000
// So often one is tried.
const mostAttempts = 3

/** What is on its way. */
interface Sending {
  readonly pending: Pending
  readonly telling: Telling
  /** Its pod has gone meanwhile. */
  isForgotten: boolean
}

/**
 * Sends what is due, one request after the other. Of what is due it counts each as sent, dropped (something newer came,
 * or it was too much, too late, or nothing any more) or failed.
 */
export class EventSender {
  readonly #sink: EventSink
  readonly #clock: Clock
  readonly #metrics: Pick<LockMetrics, 'podEvent'>
  readonly #log: Logger
  readonly #pace: Pace
  readonly #outbox = new Outbox()
  readonly #shares = new Map<string, Bucket>()
  /** Of each pod, the Event that was created last. */
  readonly #created = new Map<string, string>()
  readonly #closing = new AbortController()
  #cancelTimer: (() => void) | undefined
  #sending: Sending | undefined

  constructor({ sink, clock, metrics, log, random = Math.random }: EventSenderOptions) {
    this.#sink = sink
    this.#clock = clock
    this.#metrics = metrics
    this.#log = log
    this.#pace = new Pace(random)
  }

  /** Something is due. */
  put(notice: Notice): void {
    const now = this.#clock.now()
    if (this.#closing.signal.aborted || this.#pace.isOff(now) || !this.#shareOf(notice).take(now)) {
      this.#count(notice, 'dropped')
      return
    }
    const before = this.#outbox.put(notice)
    if (before !== undefined) this.#count(before, 'dropped')
    this.#sendInTime()
  }

  /** A pod is there no more. */
  forget(uid: string): void {
    const notice = this.#outbox.remove(uid)
    if (notice !== undefined) this.#count(notice, 'dropped')
    if (this.#sending?.pending.notice.pod.uid === uid) this.#sending.isForgotten = true
    this.#shares.delete(uid)
    this.#created.delete(uid)
  }

  /** Sends nothing more. */
  close(): void {
    this.#closing.abort()
    this.#cancelTimer?.()
  }

  #shareOf({ pod: { uid } }: Notice): Bucket {
    const share = this.#shares.get(uid) ?? new Bucket(podLimits)
    this.#shares.set(uid, share)
    return share
  }

  #sendInTime(): void {
    const isBusy = this.#sending !== undefined || this.#cancelTimer !== undefined
    if (isBusy || this.#closing.signal.aborted || this.#outbox.size === 0) return
    this.#cancelTimer = this.#clock.after(Math.max(0, this.#pace.nextAt() - this.#clock.now()), () => {
      this.#cancelTimer = undefined
      void this.#sendNext()
    })
  }

  async #sendNext(): Promise<void> {
    const now = this.#clock.now()
    for (const notice of this.#outbox.takeDueBy(now - keptForMs)) this.#count(notice, 'dropped')
    const next = now < this.#pace.nextAt() ? undefined : this.#takeNext()
    if (next !== undefined && this.#pace.take(now)) {
      this.#sending = next
      const answer = await this.#send(next)
      this.#sending = undefined
      if (!this.#closing.signal.aborted) this.#hear(answer, next)
    }
    this.#sendInTime()
  }

  /** The next one of which there is still something to say. */
  #takeNext(): Sending | undefined {
    for (;;) {
      const pending = this.#outbox.take()
      if (pending === undefined) return undefined
      const telling = pending.notice.tell()
      if (telling !== undefined) return { pending, telling, isForgotten: false }
      this.#count(pending.notice, 'dropped')
    }
  }

  async #send({ pending: { notice }, telling }: Sending): Promise<SinkAnswer> {
    const now = this.#clock.now()
    const { pod, reason, occasion } = notice
    const { message, count, firstAt, lastAt } = telling
    const { type } = eventReasons[reason]
    const event: PodEventView = { pod, type, reason, occasion, message, count, firstAgoMs: now - firstAt, lastAgoMs: now - lastAt }
    const isCreated = this.#created.get(pod.uid) === nameOf(notice)
    try {
      return await (isCreated ? this.#sink.update(event, this.#closing.signal) : this.#sink.create(event, this.#closing.signal))
    } catch (error) {
      return { kind: 'unavailable', error, retryAfterMs: 0 }
    }
  }

  #hear(answer: SinkAnswer, sending: Sending): void {
    const { notice } = sending.pending
    const now = this.#clock.now()
    const isAnswered = answer.kind !== 'unavailable' && answer.kind !== 'forbidden'
    if (isAnswered && this.#pace.answered()) this.#log.info('the API server takes Events again')
    switch (answer.kind) {
      case 'taken':
        this.#noteCreated(sending)
        this.#count(notice, 'sent')
        return
      case 'exists':
        this.#noteCreated(sending)
        // It was told before this process was started.
        if (sending.telling.count === 1) this.#count(notice, 'sent')
        else this.#again(sending)
        return
      case 'missing':
        this.#created.delete(notice.pod.uid)
        this.#again(sending)
        return
      case 'refused':
        this.#count(notice, 'failed')
        this.#log.debug({ err: answer.error, reason: notice.reason }, 'the API server refuses an Event')
        return
      case 'unavailable':
        if (this.#pace.failed(now, answer.retryAfterMs)) this.#log.warn({ err: answer.error }, 'the API server takes no Events now')
        this.#again(sending)
        return
      case 'forbidden':
        if (this.#pace.forbidden(now)) this.#log.warn({ err: answer.error }, 'Events may not be made; trying again once in ten minutes')
        this.#count(notice, 'failed')
        for (const other of this.#outbox.takeDueBy(now)) this.#count(other, 'dropped')
    }
  }

  #noteCreated({ pending: { notice }, isForgotten }: Sending): void {
    if (!isForgotten) this.#created.set(notice.pod.uid, nameOf(notice))
  }

  #again({ pending: { notice, attempts }, isForgotten }: Sending): void {
    if (attempts + 1 >= mostAttempts) this.#count(notice, 'failed')
    else if (isForgotten || !this.#outbox.putBack({ notice, attempts: attempts + 1 })) this.#count(notice, 'dropped')
  }

  #count({ reason }: Notice, outcome: 'sent' | 'dropped' | 'failed'): void {
    this.#metrics.podEvent(reason, outcome)
  }
}

function nameOf({ reason, occasion }: Notice): string {
  return `${reason} ${occasion}`
}
