import { collectionKey, collectionsOf } from '../../depends-on/collections.ts'
import { findCycle } from '../../depends-on/cycle.ts'
import type { Target } from '../../depends-on/dependency.ts'
import type { Observed } from '../../depends-on/observe.ts'
import type { PodFacts } from '../pods.ts'
import { assess, type Assessment } from './assess.ts'
import { failedDetail, goesOnDetail, waitingDetail } from './gate-words.ts'
import type { GateAnswer, GatedPod } from './gated-pod.ts'
import { cycleSeenFrom, type KnownWaiter, type KnownWaits } from './known-waits.ts'
import type { PodGate } from './pod-gate.ts'
import type { Followed, SharedWatches } from './shared-watches.ts'

/** A request that is held for somebody. */
export interface HeldAsk {
  /** Whether it is to be answered at once. */
  readonly isImpatient: boolean
  /** Gives the answer, and holds it no more; nothing where that has happened. */
  end(answer: GateAnswer): void
  /** Hands it on to the queue. */
  goOn(): void
}

/** Somebody who waits for what it depends on, and follows how that is. */
export class Waiter {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  /** By the lock's clock. */
  readonly since: number
  /** The address that has asked last. */
  peer = ''
  gate: PodGate
  held: HeldAsk | undefined
  /** Since when no request of it is held; undefined: one is. */
  absentSince: number | undefined
  /** It has been told without what it goes on. */
  isTold = false
  cancelWake: (() => void) | undefined
  #followed: ReadonlyMap<string, Followed> = new Map()

  constructor({ uid, namespace, name }: PodFacts, gate: PodGate, since: number) {
    this.uid = uid
    this.namespace = namespace
    this.name = name
    this.gate = gate
    this.since = since
  }

  /** Follows all that it waits for, and nothing else any more. */
  follow(watches: SharedWatches, changed: () => void): void {
    const before = this.#followed
    const followed = new Map<string, Followed>()
    for (const { target } of this.gate.dependencies) {
      for (const collection of collectionsOf(target, this.namespace)) {
        const key = collectionKey(collection)
        if (!followed.has(key)) followed.set(key, watches.follow(collection, changed))
      }
    }
    this.#followed = followed
    // Only now: what is wanted still goes on.
    for (const each of before.values()) each.stop()
  }

  /** Ends all that it has of its own. What it has followed stays as it was. */
  stop(): void {
    this.cancelWake?.()
    for (const each of this.#followed.values()) each.stop()
  }

  /** Whether something that it waits for has not been looked at yet. */
  get isNew(): boolean {
    return Array.from(this.#followed.values(), (each) => each.view().state).includes('unknown')
  }

  assess(now: number): Assessment {
    const unknown = { objects: [], state: 'unknown', blindAt: undefined } as const
    const { namespace, since } = this
    return assess({ dependencies: this.gate.dependencies, namespace, since }, (each) => this.#followed.get(collectionKey(each))?.view() ?? unknown, now)
  }

  /** For those who look for cycles. */
  known(): KnownWaiter {
    const { uid, namespace, gate } = this
    return { uid, namespace, self: gate.self, targets: gate.dependencies.map(({ target }) => ({ target, objects: this.#objectsOf(target) })) }
  }

  /** For others. Its cycle is looked for only while it waits. */
  view({ states, outcome }: Assessment, now: number, known: () => KnownWaits): GatedPod {
    const { uid, namespace, name, since, peer } = this
    const { own, all } = outcome === 'wait' ? known() : { own: new Map(), all: [] }
    const waiting = own.get(uid)
    const cycle = waiting && findCycle(waiting, all)
    const detail = { wait: () => waitingDetail(states, now - since, cycle && cycleSeenFrom(namespace, cycle, all)), pass: () => goesOnDetail(states), fail: () => failedDetail(states) }[outcome]()
    return { uid, namespace, name, peer, since, states, detail, cycle, isConnected: this.held !== undefined }
  }

  #objectsOf(target: Target): readonly Observed[] {
    return collectionsOf(target, this.namespace).flatMap((each) => [...(this.#followed.get(collectionKey(each))?.view().objects ?? [])])
  }
}
