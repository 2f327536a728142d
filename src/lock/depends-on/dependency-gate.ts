import type { Clock } from '../../units/clock.ts'
import { isSame } from '../../units/json.ts'
import type { PodFacts, PodSource } from '../pods.ts'
import { keyOf } from '../queue/queue.ts'
import { absentKeepMs } from '../queue/settings.ts'
import type { Ask } from '../request.ts'
import type { Held, LockService } from '../service.ts'
import type { Assessment } from './assess.ts'
import { without } from './gate-words.ts'
import type { GateAnswer, GatedPod, GateNews, KeptGated } from './gated-pod.ts'
import { type KnownWaits, knownWaits } from './known-waits.ts'
import type { PodGate } from './pod-gate.ts'
import type { SharedWatches } from './shared-watches.ts'
import { type HeldAsk, Waiter } from './waiter.ts'

/** What a gate is made of. */
export interface DependencyGateOptions {
  /** Where those go who wait for nothing, or for nothing any more. */
  readonly service: Pick<LockService, 'ask' | 'queue' | 'keepSoon'>
  readonly pods: PodSource
  readonly watches: SharedWatches
  readonly clock: Clock
  /** Who waited when the process of before ended. */
  readonly kept?: readonly KeptGated[]
}

// For a first look at what is waited for: what is healthy already is to cost nobody a line. A client waits for 5 s for an
// answer that it wants at once.
const firstLookMs = 1_500
// After a restart of the lock: longer than a client waits for one that has answered before.
const keptForMs = 90_000

/**
 * Holds pods until what they depend on is healthy, and hands them on to the queue only then. So whoever waits here has no
 * place, takes no permit and goes before nobody; it queues at the moment from which it could start. To let it arrive
 * earlier would be unfair to the others: with the age of its long wait it would pass all of them.
 */
export class DependencyGate {
  readonly #options: DependencyGateOptions
  readonly #waiters = new Map<string, Waiter>()
  readonly #followers = new Set<(news: GateNews) => void>()
  readonly #kept: Map<string, number>
  readonly #startedAt: number
  readonly #unwatch: () => void
  #isClosed = false

  constructor(options: DependencyGateOptions) {
    this.#options = options
    this.#startedAt = options.clock.now()
    this.#kept = new Map((options.kept ?? []).map(({ uid, since }) => [uid, since]))
    this.#unwatch = options.pods.watch({
      changed: (pod) => this.#hear(pod),
      gone: ({ uid }) => this.#forget(uid),
      synced() {},
    })
  }

  /** As {@link LockService.ask}. */
  ask(ask: Ask, peer: string, waitMs: number, answer: (answer: GateAnswer) => void): Held | undefined {
    const { service, pods } = this.#options
    const pod = ask.uid === undefined ? undefined : pods.find(ask.uid)
    if (pod?.gate === undefined || this.#isPast(pod.uid)) return service.ask(ask, peer, waitMs, answer)
    if (this.#isClosed) {
      answer({ kind: 'locked', key: keyOf(pod.uid), superseded: false })
      return undefined
    }
    const waiter = this.#waiters.get(pod.uid) ?? this.#arrive(pod, pod.gate)
    waiter.held?.end(this.#notYet(waiter, true))
    return this.#hold(waiter, ask, peer, waitMs, answer)
  }

  /** Who waits here, in the order of arrival. */
  waiting(): readonly GatedPod[] {
    const now = this.#options.clock.now()
    const known = this.#known()
    return Array.from(this.#waiters.values(), (waiter) => waiter.view(waiter.assess(now), now, () => known))
  }

  /** Somebody who waits here; undefined: it does not. */
  find(uid: string): GatedPod | undefined {
    const waiter = this.#waiters.get(uid)
    return waiter && this.#view(waiter)
  }

  /** Somebody waits here no more, as it says itself. */
  giveBack(uid: string): void {
    const waiter = this.#waiters.get(uid)
    if (waiter !== undefined) this.#drop(waiter)
  }

  /** How many wait here. */
  get size(): number {
    return this.#waiters.size
  }

  /** What a restart needs. */
  kept(): readonly KeptGated[] {
    const unclaimed = this.#isYoung() ? Array.from(this.#kept, ([uid, since]) => ({ uid, since })) : []
    return [...unclaimed, ...Array.from(this.#waiters.values(), ({ uid, since }) => ({ uid, since }))]
  }

  /** Tells what happens from now on; the returned function ends that. */
  follow(listener: (news: GateNews) => void): () => void {
    this.#followers.add(listener)
    return () => void this.#followers.delete(listener)
  }

  /** Answers all who wait that it is not yet, and ends its watches. Whoever still comes is told the same. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#unwatch()
    for (const waiter of this.#waiters.values()) {
      waiter.cancelWake?.()
      waiter.held?.end(this.#notYet(waiter, false))
    }
    this.#options.watches.close()
  }

  /** Whether it has a place in the queue, or a lease: what it depended on was healthy then. */
  #isPast(uid: string): boolean {
    const { queue } = this.#options.service
    return queue.place(keyOf(uid)) !== undefined || queue.lease(keyOf(uid)) !== undefined
  }

  #isYoung(): boolean {
    return this.#options.clock.now() - this.#startedAt < keptForMs
  }

  #arrive(pod: PodFacts, gate: PodGate): Waiter {
    const now = this.#options.clock.now()
    const kept = this.#isYoung() ? this.#kept.get(pod.uid) : undefined
    this.#kept.delete(pod.uid)
    const waiter = new Waiter(pod, gate, Math.min(kept ?? now, now))
    this.#waiters.set(pod.uid, waiter)
    waiter.follow(this.#options.watches, () => this.#look(waiter))
    this.#options.service.keepSoon()
    this.#tell('waits', waiter)
    return waiter
  }

  #hold(waiter: Waiter, ask: Ask, peer: string, waitMs: number, answer: (answer: GateAnswer) => void): Held | undefined {
    const { clock, service } = this.#options
    const arrivedAt = clock.now()
    const holdMs = Math.max(waitMs, waiter.isNew ? firstLookMs : 0)
    let isOver = false
    let inner: Held | undefined
    const leave = (): boolean => {
      if (isOver) return false
      isOver = true
      stopWaiting()
      if (waiter.held === held) waiter.held = undefined
      return true
    }
    const held: HeldAsk = {
      isImpatient: holdMs === 0,
      end(given) {
        if (leave()) answer(given)
      },
      goOn() {
        if (!leave()) return
        const passedMs = clock.now() - arrivedAt
        const leftMs = ask.leftMs === undefined ? undefined : Math.max(0, ask.leftMs - passedMs)
        inner = service.ask({ ...ask, leftMs }, peer, Math.max(0, waitMs - passedMs), answer)
      },
    }
    const stopWaiting = clock.after(holdMs, () => this.#sendAway(waiter, held))
    waiter.peer = peer
    waiter.held = held
    waiter.absentSince = undefined
    this.#look(waiter)
    if (isOver && inner === undefined) return undefined
    return {
      cancel: () => {
        if (leave()) this.#beAway(waiter)
        inner?.cancel()
      },
    }
  }

  /** Something may be otherwise with what somebody waits for: it goes on, or fails, or waits on. */
  #look(waiter: Waiter): void {
    if (this.#isClosed || this.#waiters.get(waiter.uid) !== waiter) return
    const assessment = waiter.assess(this.#options.clock.now())
    const { held } = waiter
    if (held !== undefined && assessment.outcome !== 'wait') {
      this.#let(waiter, held, assessment)
      return
    }
    if (held?.isImpatient === true) this.#sendAway(waiter, held)
    this.#wakeAt(waiter, Math.min(assessment.nextAt, (waiter.absentSince ?? Infinity) + absentKeepMs))
  }

  #let(waiter: Waiter, held: HeldAsk, { states, outcome }: Assessment): void {
    if (outcome === 'fail') {
      const pod = this.#remove('failed', waiter)
      held.end({ kind: 'failed', pod })
    } else if (without(states).length > 0 && !waiter.isTold) {
      // The answer that grants says nothing: so it is told before, once, and asks again.
      waiter.isTold = true
      this.#sendAway(waiter, held)
    } else {
      this.#remove('passed', waiter)
      if (waiter.gate.isAll) held.end({ kind: 'passed' })
      else held.goOn()
    }
  }

  #sendAway(waiter: Waiter, held: HeldAsk): void {
    held.end(this.#notYet(waiter, false))
    this.#beAway(waiter)
  }

  /** Nobody holds a request for it: it has the usual time to ask again. */
  #beAway(waiter: Waiter): void {
    if (this.#waiters.get(waiter.uid) !== waiter || waiter.held !== undefined) return
    waiter.absentSince = this.#options.clock.now()
    this.#wakeAt(waiter, waiter.absentSince + absentKeepMs)
  }

  #wakeAt(waiter: Waiter, at: number): void {
    waiter.cancelWake?.()
    waiter.cancelWake = undefined
    if (at === Infinity || this.#isClosed) return
    const { clock } = this.#options
    waiter.cancelWake = clock.after(at - clock.now(), () => {
      const { absentSince } = waiter
      if (absentSince !== undefined && absentSince + absentKeepMs <= clock.now()) this.#drop(waiter)
      else this.#look(waiter)
    })
  }

  /** What a pod waits for can be changed while it waits, and taken away. */
  #hear({ uid, gate, isOver }: PodFacts): void {
    const waiter = this.#waiters.get(uid)
    if (waiter === undefined) return
    if (isOver) this.#drop(waiter)
    else if (!isSame(gate?.dependencies ?? [], waiter.gate.dependencies)) {
      waiter.gate = gate ?? { ...waiter.gate, dependencies: [] }
      waiter.follow(this.#options.watches, () => this.#look(waiter))
      this.#look(waiter)
    }
  }

  #forget(uid: string): void {
    this.#kept.delete(uid)
    this.giveBack(uid)
  }

  #drop(waiter: Waiter): void {
    const answer = this.#notYet(waiter, false)
    this.#remove('left', waiter)
    waiter.held?.end(answer)
  }

  /** Gives what it was like at the end. */
  #remove(kind: Exclude<GateNews['kind'], 'waits'>, waiter: Waiter): GatedPod {
    waiter.stop()
    const pod = this.#view(waiter)
    this.#waiters.delete(waiter.uid)
    this.#options.service.keepSoon()
    for (const follower of this.#followers) follower({ kind, pod })
    return pod
  }

  #notYet(waiter: Waiter, superseded: boolean): GateAnswer {
    return { kind: 'gated', key: keyOf(waiter.uid), superseded, pod: this.#view(waiter) }
  }

  #view(waiter: Waiter): GatedPod {
    const now = this.#options.clock.now()
    return waiter.view(waiter.assess(now), now, () => this.#known())
  }

  #known(): KnownWaits {
    return knownWaits(Array.from(this.#waiters.values(), (waiter) => waiter.known()))
  }

  #tell(kind: GateNews['kind'], waiter: Waiter): void {
    const pod = this.#view(waiter)
    for (const follower of this.#followers) follower({ kind, pod })
  }
}
