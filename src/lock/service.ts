import type { Logger } from 'pino'
import type { Clock } from '../units/clock.ts'
import { Announcer } from './announcer.ts'
import { EventLog } from './event-log.ts'
import type { KnownWorkload, StartCosts } from './learning/start-costs.ts'
import type { LockMetrics } from './metrics.ts'
import { type PodSource, unknownStart } from './pods.ts'
import type { Decision, RejectReason } from './queue/decisions.ts'
import type { QueueEvent } from './queue/events.ts'
import { isIdentified, keyOf, Queue } from './queue/queue.ts'
import type { QueueSettings } from './queue/settings.ts'
import type { Lease } from './queue/state.ts'
import type { Ask } from './request.ts'
import { Starts } from './starts.ts'
import type { StateStore } from './state-file.ts'
import { ofGates, StateKeeper } from './state-keeper.ts'

/** What the service is made of. */
export interface LockServiceOptions {
  readonly settings: QueueSettings
  /** The gates that there are; closed until they are found open. */
  readonly gates: readonly string[]
  readonly clock: Clock
  readonly pods: PodSource
  readonly store: StateStore
  readonly metrics: LockMetrics
  readonly log: Logger
  /** What is known of what starts cost; undefined: nothing ever is. */
  readonly costs?: KnownCosts | undefined
}

type KnownCosts = Pick<StartCosts, 'reserveOf' | 'list'>

/** What a request gets. */
export type Answer =
  /** The caller says later whether the answer has left: {@link LockService.delivered}, {@link LockService.lost}. */
  | { readonly kind: 'granted'; readonly lease: Lease }
  /** Not yet. `key` names its place, which may be gone; `superseded`: the same pod has asked once more meanwhile. */
  | { readonly kind: 'locked'; readonly key: string; readonly superseded: boolean }
  | { readonly kind: 'rejected'; readonly reason: RejectReason }

/** A request that is held. */
export interface Held {
  /** The client has gone; it is not answered any more. */
  cancel(): void
}

/** A gate, as it was found last. */
export interface GateView {
  readonly name: string
  readonly open: boolean
  /** Closed for so long that it counts as open. */
  readonly overdue: boolean
  readonly reason: string
  /** Since when, by the clock. */
  readonly since: number
}

/** What was found of a gate; what the queue makes of a closed one, it says itself. */
type FoundGate = Omit<GateView, 'overdue'>

interface Waiter extends Held {
  answer(answer: Answer): void
  /** The same pod is held by another request from now on. */
  supersede(): void
}

/** The lock of a node: feeds the queue, and holds requests. What it decides is written, then told, then answered. */
export class LockService {
  readonly settings: QueueSettings
  readonly events: EventLog
  readonly starts: Starts
  readonly startedAt: number
  readonly #clock: Clock
  readonly #pods: PodSource
  readonly #costs: KnownCosts | undefined
  readonly #queue: Queue
  readonly #keeper: StateKeeper
  readonly #announcer: Announcer
  readonly #gateNames: readonly string[]
  readonly #gates = new Map<string, FoundGate>()
  readonly #waiters = new Map<string, Waiter>()
  readonly #followers = new Set<(decision: Decision) => void>()
  #timer: { readonly at: number; readonly cancel: () => void } | undefined
  #isClosed = false

  constructor(options: LockServiceOptions) {
    const { settings, gates, clock, pods, store, metrics, log, costs } = options
    this.settings = settings
    this.#gateNames = gates
    this.#clock = clock
    this.#pods = pods
    this.#costs = costs
    this.startedAt = clock.now()
    this.events = new EventLog()
    this.starts = new Starts()
    const kept = ofGates(store.load(this.startedAt), gates)
    this.#queue = kept === undefined ? new Queue(settings, this.startedAt) : Queue.restore(kept, settings, this.startedAt)
    this.#keeper = new StateKeeper(this.#queue, store, clock)
    this.#announcer = new Announcer({ queue: this.#queue, events: this.events, starts: this.starts, metrics, log })
    for (const lease of this.#queue.leases()) this.starts.granted(lease)
    if (kept !== undefined) log.info({ leases: kept.leases.length, waiting: this.#queue.waitingCount }, 'going on where it was')
    // Those of which nothing was kept first: one that has been closed for too long lets others start, and these do not yet.
    const closed = new Set(Array.from(this.#queue.closedGates(), ({ name }) => name))
    for (const name of [...gates.filter((each) => !closed.has(each)), ...closed]) this.setGate(name, false, 'not checked yet')
    metrics.watch(this)
    this.feed({ kind: 'tick' })
  }

  /**
   * Somebody asks for the lock. The answer comes at once, or where `waitMs` is not 0 when the lock is granted or that
   * time is over; until then there is what is given back.
   */
  ask(ask: Ask, peer: string, waitMs: number, answer: (answer: Answer) => void): Held | undefined {
    const waits = waitMs > 0 && !this.#isClosed
    const { uid, weight, leaseMs, leftMs } = ask
    const known = uid === undefined ? undefined : this.#pods.find(uid)
    // After a restart its place may be known, and the pod not yet.
    const priority = known?.priority ?? (uid === undefined ? undefined : this.#queue.place(keyOf(uid))?.priority) ?? 0
    const mayBeKnown = uid !== undefined && this.#pods.health().state !== 'none'
    // Whoever asks runs its init container: a finished one is of an earlier start.
    const finished = known?.wait?.isFinished === true ? known.wait.id : undefined
    const stale = mayBeKnown && known === undefined ? unknownStart : finished
    const workload = known?.workload
    const reserve = workload && this.#costs?.reserveOf(workload.key, this.#clock.now())
    const pod = this.nameOf(ask)
    const decisions = this.#apply({ kind: 'request', uid, pod, peer, stale, weight, priority, reserve, leaseMs, leftMs, waits })
    const rejected = decisions.find((decision) => decision.kind === 'rejected')
    const key = decisions.find((decision) => decision.kind === 'placed')?.key
    if (rejected !== undefined || key === undefined) {
      this.#act(decisions)
      answer({ kind: 'rejected', reason: rejected?.reason ?? 'too-many-waiting' })
      return undefined
    }
    const granted = decisions.find((decision) => decision.kind === 'granted' && decision.key === key)
    if (granted !== undefined || waits) {
      const waiter = this.#hold(key, waitMs, answer)
      this.#act(decisions)
      return this.#waiters.get(key) === waiter ? waiter : undefined
    }
    this.#act(decisions)
    answer({ kind: 'locked', key, superseded: false })
    return undefined
  }

  /** NAMESPACE/NAME of who asks: as Kubernetes knows it, else as it says itself. */
  nameOf({ uid, pod }: Ask): string | undefined {
    const facts = uid === undefined ? undefined : this.#pods.find(uid)
    return facts === undefined ? pod : `${facts.namespace}/${facts.name}`
  }

  /** The answer with somebody's grant has left for the client. */
  delivered(key: string): void {
    this.feed({ kind: 'delivered', key })
    if (isIdentified(key)) this.#keeper.keepSoon()
  }

  /** The answer with somebody's grant could not be delivered. */
  lost(key: string): void {
    this.feed({ kind: 'left', key })
  }

  /** Ends somebody's lease, or takes its place out of the queue. */
  giveBack(key: string): void {
    this.feed({ kind: 'given-back', key })
  }

  /** A gate was found open or closed. */
  setGate(name: string, open: boolean, reason: string): void {
    const before = this.#gates.get(name)
    const since = before === undefined || before.open !== open ? this.#clock.now() : before.since
    this.#gates.set(name, { name, open, reason, since })
    this.feed({ kind: 'gate', name, open, reason })
  }

  /** Something beside the queue has changed that is kept with it. */
  keepSoon(): void {
    this.#keeper.keepSoon()
  }

  /** Tells the queue what has happened. */
  feed(event: QueueEvent): void {
    if (this.#isClosed) return
    this.#act(this.#apply(event))
    // The shorter end of a blind hold is no decision, and still not to be forgotten.
    if (event.kind === 'started' || event.kind === 'crashing') this.#keeper.keepSoon()
  }

  /** Tells of every decision, once it is known to those whom it concerns; the returned function ends that. */
  follow(listener: (decision: Decision) => void): () => void {
    this.#followers.add(listener)
    return () => void this.#followers.delete(listener)
  }

  /** What is known of the pods. */
  get pods(): PodSource {
    return this.#pods
  }

  get queue(): Omit<Queue, 'apply'> {
    return this.#queue
  }

  /** Milliseconds on the service's clock. */
  now(): number {
    return this.#clock.now()
  }

  /** In the order in which they were set up, after a restart, too. */
  gates(): readonly GateView[] {
    const closed = new Map(Array.from(this.#queue.closedGates(), (gate) => [gate.name, gate]))
    return this.#gateNames.map((name) => this.#gates.get(name)).filter((gate) => gate !== undefined).map((gate) => {
      const { since, overdue } = closed.get(gate.name) ?? { since: gate.since, overdue: false }
      return { ...gate, overdue, since }
    })
  }

  /** What is known of the starts of workloads, the newest first; undefined: nothing is learned. */
  workloads(): readonly KnownWorkload[] | undefined {
    return this.#costs?.list(this.now())
  }

  /** Answers all who wait that it is not yet, keeps the state, and does nothing more. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#timer?.cancel()
    for (const [key, waiter] of this.#waiters) waiter.answer({ kind: 'locked', key, superseded: false })
    this.events.close()
    this.#keeper.close()
  }

  #apply(event: QueueEvent): readonly Decision[] {
    const decisions = this.#queue.apply(event, this.#clock.now())
    this.#wakeInTime()
    return decisions
  }

  /**
   * Holds a request until its grant or the end of its wait. One of each place is held: the newest, because the others
   * may be connections that the client knows nothing of any more.
   */
  #hold(key: string, waitMs: number, answer: (answer: Answer) => void): Waiter {
    const stopWaiting = this.#clock.after(waitMs, () => {
      this.feed({ kind: 'left', key })
      waiter.answer({ kind: 'locked', key, superseded: false })
    })
    const end = (): boolean => {
      stopWaiting()
      return this.#waiters.get(key) === waiter && this.#waiters.delete(key)
    }
    const waiter: Waiter = {
      answer: (given) => {
        if (end()) answer(given)
      },
      supersede: () => {
        stopWaiting()
        answer({ kind: 'locked', key, superseded: true })
      },
      cancel: () => {
        if (end()) this.feed({ kind: 'left', key })
      },
    }
    const before = this.#waiters.get(key)
    this.#waiters.set(key, waiter)
    if (before !== undefined) {
      before.supersede()
      // Only now: time has passed, and a grant that comes of it is the new one's.
      if (this.#queue.place(key) !== undefined) this.feed({ kind: 'left', key })
    }
    return waiter
  }

  #act(decisions: readonly Decision[]): void {
    this.#keeper.keep(decisions)
    for (const decision of decisions) {
      this.#announcer.tell(decision, decisions)
      this.#answer(decision)
      for (const follower of this.#followers) follower(decision)
    }
  }

  #answer(decision: Decision): void {
    if (decision.kind === 'granted') this.#waiters.get(decision.key)?.answer({ kind: 'granted', lease: decision.lease })
    else if (decision.kind === 'dropped') this.#waiters.get(decision.key)?.answer({ kind: 'locked', key: decision.key, superseded: false })
  }

  /** Sets the timer for the next thing that time alone brings; a timer that comes too early does no harm. */
  #wakeInTime(): void {
    const at = this.#isClosed ? undefined : this.#queue.nextChangeAt()
    if (at === undefined || (this.#timer !== undefined && this.#timer.at <= at)) return
    this.#timer?.cancel()
    const cancel = this.#clock.after(at - this.#clock.now(), () => {
      this.#timer = undefined
      this.feed({ kind: 'tick' })
    })
    this.#timer = { at, cancel }
  }
}
