import type { Decision } from '../../../src/lock/queue/decisions.ts'
import type { QueueEvent } from '../../../src/lock/queue/events.ts'
import { Queue } from '../../../src/lock/queue/queue.ts'
import type { QueueSettings } from '../../../src/lock/queue/settings.ts'
import type { Lease } from '../../../src/lock/queue/state.ts'
import { request } from '../../support/queue-story.ts'
import type { SimulatedLock } from './simulate.ts'

/** A grant, in seconds. */
export interface Granted {
  readonly at: number
  readonly grant: Lease['grant']
  endedAt: number
}

/** The real queue, in a simulation. */
export class QueueLock implements SimulatedLock {
  readonly queue: Queue
  readonly granted: Granted[] = []
  readonly #held = new Map<string, Granted>()
  readonly #going = new Map<string, () => void>()

  constructor(settings: QueueSettings) {
    this.queue = new Queue(settings, 0)
  }

  ask(name: string, now: number, go: () => void): void {
    this.#going.set(`uid:${name}`, go)
    this.#apply({ ...request, uid: name }, now)
  }

  ready(name: string, now: number): void {
    this.#apply({ kind: 'ready', uid: name }, now)
  }

  load(reading: Parameters<SimulatedLock['load']>[0], now: number): void {
    this.#apply({ kind: 'load', ...reading }, now)
  }

  pass(now: number): void {
    for (let next = this.queue.nextChangeAt(); next !== undefined && next <= now; next = this.queue.nextChangeAt()) this.#apply({ kind: 'tick' }, next)
  }

  #apply(event: QueueEvent, now: number): void {
    const decisions: readonly Decision[] = this.queue.apply(event, now)
    for (const decision of decisions) {
      if (decision.kind === 'released') {
        const granted = this.#held.get(decision.key)
        if (granted !== undefined) granted.endedAt = now / 1_000
      }
      if (decision.kind !== 'granted' || decision.again) continue
      const granted = { at: now / 1_000, grant: decision.lease.grant, endedAt: Infinity }
      this.granted.push(granted)
      this.#held.set(decision.key, granted)
      this.queue.apply({ kind: 'delivered', key: decision.key }, now)
      this.#going.get(decision.key)?.()
    }
  }
}
