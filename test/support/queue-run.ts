import type { Decision } from '../../src/lock/queue/decisions.ts'
import type { QueueEvent } from '../../src/lock/queue/events.ts'
import { isIdentified, keyOf, Queue } from '../../src/lock/queue/queue.ts'
import type { Happening, History, Step, Target } from './arbitrary-history.ts'
import { checkDecision, checkDue } from './queue-decision-checks.ts'
import { checkRecord, checkStanding } from './queue-invariants.ts'
import { QueueRecord } from './queue-record.ts'

/** A queue to which things happen, and the record by which each is checked. */
export class QueueRun {
  readonly history: History
  readonly record: QueueRecord
  readonly applied: { readonly event: QueueEvent; readonly at: number; readonly decisions: string }[] = []
  readonly decisions: Decision[] = []
  queue: Queue
  #at: number

  constructor(history: History) {
    this.history = history
    this.queue = new Queue(history.settings, history.start)
    this.record = new QueueRecord(history.settings, history.start)
    this.#at = history.start
  }

  /** Lets all steps happen. */
  static of(history: History): QueueRun {
    const run = new QueueRun(history)
    for (const step of history.steps) run.step(step)
    return run
  }

  step({ afterMs, happening }: Step): void {
    this.advance(afterMs)
    const readings = happening.kind === 'load' ? happening.readings : 1
    for (let reading = 0; reading < readings; reading++) {
      if (reading > 0 && happening.kind === 'load') this.advance(happening.everyMs)
      for (const event of this.#eventsOf(happening)) this.apply(event)
    }
  }

  /** Lets time pass, with the ticks that the queue asks for where the history has them. */
  advance(ms: number): void {
    this.#at = ms < 0 ? this.record.now + ms : Math.max(this.#at, this.record.now) + ms
    if (!this.history.isTicked) return
    for (let ticks = 0; ; ticks++) {
      const next = this.queue.nextChangeAt()
      if (next === undefined || next > this.#at) return
      if (ticks > 10_000) throw new Error('ticks never end')
      this.apply({ kind: 'tick' }, next)
    }
  }

  /** Lets an event happen, and checks the queue. */
  apply(event: QueueEvent, at = this.#at): readonly Decision[] {
    const { queue, record } = this
    const next = queue.nextChangeAt()
    const decisions = queue.apply(event, at)
    this.applied.push({ event, at, decisions: JSON.stringify(decisions) })
    this.decisions.push(...decisions)
    record.now = Math.max(record.now, at)
    if (event.kind === 'tick' && decisions.length > 0 && (next === undefined || next > record.now)) {
      throw new Error(`a tick at ${record.now} changes something, and was not due before ${next}`)
    }
    const rest = checkDue(record, event, decisions)
    record.take(event)
    for (const decision of rest) {
      checkDecision(record, event, decision)
      record.follow(decision, event)
    }
    record.finish(event)
    checkStanding(record, event, decisions)
    checkRecord(record, queue)
    return decisions
  }

  /** Starts the queue anew from its state, a while later. */
  restart(afterMs: number): void {
    this.#at = Math.max(this.#at, this.record.now) + afterMs
    this.restartSilently()
    // The first event, whatever it is, does all that has become due; a load reading that says nothing of any time.
    this.apply({ kind: 'load', idleCores: 0, pressure: undefined, windowMs: 0 })
  }

  /** Starts the queue anew from its state, and nothing else happens. */
  restartSilently(): void {
    const at = Math.max(this.#at, this.record.now)
    this.queue = Queue.restore(structuredClone(this.queue.state()), this.history.settings, at)
    this.record.restart(at)
    checkRecord(this.record, this.queue)
  }

  #eventsOf(happening: Happening): QueueEvent[] {
    if (happening.kind === 'request' || happening.kind === 'gate' || happening.kind === 'tick') return [happening]
    if (happening.kind === 'load') {
      const { kind, idleCores, pressure, windowMs } = happening
      return [{ kind, idleCores, pressure, windowMs }]
    }
    const keys = this.#keys(happening.target)
    if (happening.kind === 'learned') {
      const uids = keys.filter(isIdentified).map((key) => key.slice(keyOf('').length))
      return uids.length === 0 ? [] : [{ kind: 'learned', uids, reserve: happening.reserve }]
    }
    if (happening.kind !== 'pod') return keys.map((key) => ({ kind: happening.kind, key }))
    return keys.filter(isIdentified).map((key) => podEvent(happening.event, key.slice(keyOf('').length)))
  }

  /** The key that is meant, if there is one. */
  #keys({ of, pick }: Target): string[] {
    if (of === 'never') return [pick % 2 === 0 ? 'uid:never' : 'anonymous:never']
    const keys = of === 'ever' ? [...this.record.ever] : [...(of === 'leases' ? this.record.holders : this.record.waiters).keys()]
    // The newest first: what has just been granted is what most can happen to.
    return keys.toReversed().slice(pick % Math.max(1, keys.length)).slice(0, 1)
  }
}

function podEvent(event: 'started' | 'started-blind' | 'ready' | 'crashing' | 'gone', uid: string): QueueEvent {
  if (event === 'started' || event === 'started-blind') return { kind: 'started', uid, hasProbes: event === 'started' }
  return { kind: event, uid }
}
