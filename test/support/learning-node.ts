import { pino } from 'pino'
import { Registry } from 'prom-client'
import type { Test } from 'tap'
import { followPods } from '../../src/lock/follow-pods.ts'
import { type LearningStarts, learnStarts } from '../../src/lock/learn-starts.ts'
import { Observations } from '../../src/lock/learning/observations.ts'
import { StartCosts } from '../../src/lock/learning/start-costs.ts'
import { buildLockMetrics } from '../../src/lock/metrics.ts'
import { keyOf } from '../../src/lock/queue/queue.ts'
import { defaultQueueSettings } from '../../src/lock/queue/settings.ts'
import { LockService } from '../../src/lock/service.ts'
import { FakeClock } from './fake-clock.ts'
import { FakePods, up } from './fake-pods.ts'
import { MemoryStore } from './memory-store.ts'

export const web = { key: 'shop/uid-web/6d4c', name: 'shop/ReplicaSet/web-6d4c' }
export const api = { key: 'shop/uid-api/77f9', name: 'shop/ReplicaSet/api-77f9' }

const cores = 2
const periodMs = 250

/** A lock's service on a node of two cores, that learns from starts unless it is told not to. */
export class LearningNode {
  readonly clock = new FakeClock()
  readonly pods = new FakePods()
  readonly costs = new StartCosts()
  readonly registry = new Registry()
  readonly service: LockService
  readonly learning: LearningStarts | undefined
  /** Who was granted, one after the other. */
  readonly granted: string[] = []

  constructor(t: Test, isLearning = true) {
    const { clock, pods } = this
    const costs = isLearning ? this.costs : undefined
    const metrics = buildLockMetrics(this.registry)
    const log = pino({ level: 'silent' })
    this.service = new LockService({ settings: defaultQueueSettings, gates: [], clock, pods, store: new MemoryStore(), metrics, log, costs })
    this.service.follow((decision) => decision.kind === 'granted' && this.granted.push(decision.key.replace('uid:', '')))
    this.learning = costs && learnStarts({ service: this.service, pods, costs, observations: new Observations() })
    const unfollow = followPods(this.service, pods)
    pods.sync()
    t.teardown(() => {
      unfollow()
      this.learning?.stop()
      this.service.close()
    })
  }

  /** Pods of a workload come to the node. */
  create(workload: typeof web | undefined, ...uids: readonly string[]): void {
    for (const uid of uids) this.pods.put(uid, workload === undefined ? {} : { workload })
  }

  /** Their init containers ask; without an uid, somebody does. */
  ask(...uids: readonly (string | undefined)[]): void {
    for (const uid of uids) {
      this.service.ask({ uid, pod: 'shop/web-6d4c-x', weight: 1, leaseMs: undefined, leftMs: undefined }, '10.0.0.1', 300_000, () => {})
      if (uid !== undefined) this.service.delivered(keyOf(uid))
    }
  }

  /** They are ready. */
  up(...uids: readonly string[]): void {
    for (const uid of uids) this.pods.put(uid, up(uid))
  }

  /** Lets time pass in which so many cores are busy. */
  busy(busy: number, seconds: number): void {
    for (let reading = 0; reading < 4 * seconds; reading++) {
      this.clock.advance(periodMs)
      const read = { cores, idleCores: cores - busy, pressure: undefined, windowMs: periodMs }
      if (this.learning === undefined) this.service.feed({ kind: 'load', ...read })
      else this.learning.read(read)
    }
  }

  /** A pod of it starts and is up after two seconds of one busy core or less, and is observed to its end. */
  observe(workload: typeof web | undefined, uid: string, busy: number): void {
    this.create(workload, uid)
    this.ask(uid)
    this.busy(busy, 2)
    this.up(uid)
    this.busy(0, 2)
  }

  /** What somebody takes of an idle core who waits, or is granted. */
  reserveOf(uid: string): number | undefined {
    return (this.service.queue.place(keyOf(uid)) ?? this.service.queue.lease(keyOf(uid)))?.reserve
  }
}
