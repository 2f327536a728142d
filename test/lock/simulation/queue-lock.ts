import { Observations } from '../../../src/lock/learning/observations.ts'
import { StartCosts } from '../../../src/lock/learning/start-costs.ts'
import type { Decision } from '../../../src/lock/queue/decisions.ts'
import type { QueueEvent } from '../../../src/lock/queue/events.ts'
import { isIdentified, Queue, uidOf } from '../../../src/lock/queue/queue.ts'
import type { QueueSettings } from '../../../src/lock/queue/settings.ts'
import type { Lease } from '../../../src/lock/queue/state.ts'
import { request } from '../../support/queue-story.ts'
import type { SimulatedLock } from './simulate.ts'

/** A grant, in seconds. */
export interface Granted {
  readonly at: number
  readonly name: string
  readonly grant: Lease['grant']
  readonly reserve: number
  endedAt: number
}

/** The real queue, in a simulation; it learns from starts where it is told which starters are of one workload. */
export class QueueLock implements SimulatedLock {
  readonly queue: Queue
  readonly costs = new StartCosts()
  readonly granted: Granted[] = []
  readonly #workloadOf: (name: string) => string | undefined
  readonly #observations = new Observations()
  readonly #held = new Map<string, Granted>()
  readonly #going = new Map<string, () => void>()

  constructor(settings: QueueSettings, workloadOf: (name: string) => string | undefined = () => undefined) {
    this.queue = new Queue(settings, 0)
    this.#workloadOf = workloadOf
  }

  created(): void {
    this.#observations.disturb()
  }

  ask(name: string, now: number, go: () => void): void {
    this.#going.set(`uid:${name}`, go)
    const workload = this.#workloadOf(name)
    const reserve = workload === undefined ? undefined : this.costs.reserveOf(workload, now)
    this.#apply({ ...request, uid: name, reserve }, now)
  }

  ready(name: string, now: number): void {
    this.#apply({ kind: 'ready', uid: name }, now)
  }

  load(reading: Parameters<SimulatedLock['load']>[0], now: number): void {
    const costs = this.#observations.read(reading, now)
    for (const cost of costs) this.costs.learn(cost, now)
    this.#apply({ kind: 'load', ...reading }, now)
    for (const { workload: { key } } of costs) {
      const uids = Array.from(this.queue.waiting(), (place) => uidOf(place.key)).filter((name) => this.#workloadOf(name) === key)
      if (uids.length > 0) this.#apply({ kind: 'learned', uids, reserve: this.costs.reserveOf(key, now) }, now)
    }
  }

  pass(now: number): void {
    for (let next = this.queue.nextChangeAt(); next !== undefined && next <= now; next = this.queue.nextChangeAt()) this.#apply({ kind: 'tick' }, next)
  }

  #apply(event: QueueEvent, now: number): void {
    const decisions: readonly Decision[] = this.queue.apply(event, now)
    for (const decision of decisions) {
      this.#observe(decision, now)
      if (decision.kind === 'released') {
        const granted = this.#held.get(decision.key)
        if (granted !== undefined) granted.endedAt = now / 1_000
      }
      if (decision.kind !== 'granted' || decision.again) continue
      const { grant, reserve } = decision.lease
      const granted = { at: now / 1_000, name: uidOf(decision.key), grant, reserve, endedAt: Infinity }
      this.granted.push(granted)
      this.#held.set(decision.key, granted)
      this.queue.apply({ kind: 'delivered', key: decision.key }, now)
      this.#going.get(decision.key)?.()
    }
  }

  /** As `learnStarts` of a service does. */
  #observe(decision: Decision, now: number): void {
    if (decision.kind === 'placed' && decision.isNew && isIdentified(decision.key)) this.#observations.disturb()
    if (decision.kind === 'granted' && !decision.again) {
      const workload = this.#workloadOf(uidOf(decision.key))
      this.#observations.granted(decision.key, workload === undefined ? undefined : { key: workload, name: workload }, now)
    }
    if (decision.kind !== 'released') return
    const failed = this.#observations.released(decision.key, decision.cause, now)
    if (failed !== undefined) this.costs.forget(failed.key)
  }
}
