import type { Decision } from '../../../src/lock/queue/decisions.ts'
import type { QueueEvent } from '../../../src/lock/queue/events.ts'
import { isIdentified, type KeptState, keyOf, Queue } from '../../../src/lock/queue/queue.ts'
import type { QueueSettings } from '../../../src/lock/queue/settings.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import type { Expected, GateModel, StartModel, Wish } from './expected.ts'

/**
 * What the lock should do: the pure queue, fed with the events that come of what clients, pods and time do. It has
 * no connections: all answers are made at once, and reach who asked.
 */
export class LockModel {
  readonly settings: QueueSettings
  readonly clock = new FakeClock()
  readonly priorities = new Map<string, number>()
  readonly gates = new Map<string, GateModel>()
  /** The requests that are held, by their numbers, in the order in which they came. */
  readonly held = new Map<number, { readonly key: string; readonly stopWaiting: () => void }>()
  /** Answers that have not been compared yet. */
  readonly answers = new Map<number, Expected>()
  /** The starts of this life that have ended. */
  starts: StartModel[] = []
  /** What this life has counted: `granted floor`, `released ready`, `dropped left`. */
  readonly counts = new Map<string, number>()
  /** The same, of all lives. */
  readonly seen = new Set<string>()
  queue: Queue
  /** When an identified client has come or gone last. */
  changedAt = 0
  requests = 0
  readonly #told: string[] = []
  #tick: { readonly at: number; readonly cancel: () => void } | undefined

  constructor(settings: QueueSettings, gates: readonly string[]) {
    this.settings = settings
    this.queue = new Queue(settings, 0)
    this.#begin(gates)
  }

  /** A request; gives its number. */
  ask({ uid, pod, peer, weight = 1, durationS, maxWaitS, waitS }: Wish): number {
    const id = this.requests++
    const priority = uid === undefined ? 0 : (this.priorities.get(uid) ?? 0)
    const waits = (waitS ?? 0) > 0
    const named = uid !== undefined && this.priorities.has(uid) ? `shop/${uid}` : pod
    const event = { kind: 'request', uid, pod: named, peer, weight, priority, leaseMs: ms(durationS), leftMs: ms(maxWaitS), waits } as const
    const decisions = this.#apply(event)
    const key = decisions.find((decision) => decision.kind === 'placed')?.key ?? ''
    const isGranted = decisions.some((decision) => decision.kind === 'granted' && decision.key === key)
    if (isGranted || waits) this.#supersede(key)
    const stopWaiting = waits ? this.clock.after((waitS ?? 0) * 1_000, () => this.#endWait(id, key)) : () => {}
    this.held.set(id, { key, stopWaiting })
    this.#act(decisions)
    if (decisions.some(({ kind }) => kind === 'rejected')) this.#answer(id, { status: 503 })
    else if (!waits && !isGranted) this.#answer(id, this.#locked(key))
    this.#deliver()
    return id
  }

  /** The connection of a held request ends. */
  vanish(id: number): void {
    const held = this.held.get(id)
    if (held === undefined) throw new Error(`request ${id} is not held`)
    this.#answer(id, 'broken')
    this.feed({ kind: 'left', key: held.key })
  }

  /** Somebody wants to give something back; gives the status. */
  giveBack(uid: string, pod: string | undefined, peer: string): number {
    const found = this.queue.lease(keyOf(uid)) ?? this.queue.place(keyOf(uid))
    if (found === undefined) return 404
    if ((pod !== undefined && found.pod !== undefined && pod !== found.pod) || found.peer !== peer) return 403
    this.feed({ kind: 'given-back', key: found.key })
    return 204
  }

  setGate(name: string, open: boolean, reason: string): void {
    const before = this.gates.get(name)
    const isSame = before?.open === open
    this.gates.set(name, { open, reason, since: isSame ? before.since : this.clock.now() })
    this.feed({ kind: 'gate', name, open, reason })
  }

  feed(event: QueueEvent): void {
    this.#act(this.#apply(event))
    this.#deliver()
  }

  advance(afterMs: number): void {
    this.clock.advance(afterMs)
    this.#deliver()
  }

  /** The process ends: all who wait are told so, or see their connections break. */
  end(how: 'told' | 'broken'): void {
    for (const [id, { key }] of this.held) this.#answer(id, how === 'broken' ? how : this.#locked(key))
    this.#tick?.cancel()
    this.#tick = undefined
  }

  /** And is started anew. */
  restart(kept: KeptState | undefined): void {
    const now = this.clock.now()
    this.queue = kept === undefined ? new Queue(this.settings, now) : Queue.restore(kept, this.settings, now)
    const gates = [...this.gates.keys()]
    this.gates.clear()
    this.starts = []
    this.counts.clear()
    this.changedAt = now
    this.#begin(gates)
  }

  #begin(gates: readonly string[]): void {
    for (const name of gates) this.setGate(name, false, 'not checked yet')
    this.feed({ kind: 'tick' })
  }

  /** Of each place one request is held, the newest; what it has had is known already. */
  #supersede(key: string): void {
    for (const [id, held] of this.held) {
      if (held.key !== key) continue
      if (this.queue.place(key) !== undefined) this.#act(this.#apply({ kind: 'left', key }))
      this.#count('superseded')
      this.#answer(id, this.#locked(key))
    }
  }

  #apply(event: QueueEvent): readonly Decision[] {
    const decisions = this.queue.apply(event, this.clock.now())
    // Of timers that are due at the same time, the one that was set first comes first: so this is set as the service does.
    const at = this.queue.nextChangeAt()
    if (at === undefined || (this.#tick !== undefined && this.#tick.at <= at)) return decisions
    this.#tick?.cancel()
    const cancel = this.clock.after(at - this.clock.now(), () => {
      this.#tick = undefined
      this.#act(this.#apply({ kind: 'tick' }))
    })
    this.#tick = { at, cancel }
    return decisions
  }

  #act(decisions: readonly Decision[]): void {
    for (const decision of decisions) {
      if ('key' in decision && isIdentified(decision.key)) this.changedAt = this.clock.now()
      if (decision.kind === 'granted') {
        this.#count(decision.again ? 'told again' : `granted ${decision.lease.grant}`)
        this.#answerAll(decision.key, { status: 200 })
      } else if (decision.kind === 'released') {
        const { lease, cause } = decision
        this.#count(`released ${cause}`)
        this.starts.push({ pod: lease.pod, grant: lease.grant, cause, endedAt: this.clock.now() })
      } else if (decision.kind === 'dropped') {
        const isPassing = decisions.some((other) => other.kind === 'placed' && other.isNew && other.key === decision.key)
        if (!isPassing) this.#count(`dropped ${decision.cause}`)
        this.#answerAll(decision.key, this.#locked(decision.key))
      } else if (decision.kind === 'rejected') this.#count(`rejected ${decision.reason}`)
      else if (decision.kind === 'gate') this.#count(decision.overdue ? 'gate overdue' : `gate ${decision.open ? 'open' : 'closed'}`)
    }
  }

  #count(what: string): void {
    this.counts.set(what, (this.counts.get(what) ?? 0) + 1)
    this.seen.add(what)
  }

  #endWait(id: number, key: string): void {
    this.#act(this.#apply({ kind: 'left', key }))
    if (this.held.has(id)) this.#answer(id, this.#locked(key))
  }

  #locked(key: string): Expected {
    const place = this.queue.place(key)
    return { status: 423, position: 1 + (place === undefined ? this.queue.waitingCount : this.queue.ahead(place)) }
  }

  #answerAll(key: string, expected: Expected): void {
    for (const [id, held] of this.held) {
      if (held.key !== key) continue
      this.#answer(id, expected)
      if (expected !== 'broken' && expected.status === 200) this.#told.push(key)
    }
  }

  #answer(id: number, expected: Expected): void {
    this.held.get(id)?.stopWaiting()
    this.held.delete(id)
    this.answers.set(id, expected)
  }

  /** Every grant that was told reaches its client. */
  #deliver(): void {
    for (let key = this.#told.shift(); key !== undefined; key = this.#told.shift()) this.#act(this.#apply({ kind: 'delivered', key }))
  }
}

function ms(seconds: number | undefined): number | undefined {
  return seconds === undefined ? undefined : seconds * 1_000
}
