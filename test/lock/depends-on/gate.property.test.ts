import * as fc from 'fast-check'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import t from 'tap'
import { parseDependsOn } from '../../../src/depends-on/parse.ts'
import { DependencyGate } from '../../../src/lock/depends-on/dependency-gate.ts'
import type { GateAnswer } from '../../../src/lock/depends-on/gated-pod.ts'
import { SharedWatches } from '../../../src/lock/depends-on/shared-watches.ts'
import { buildLockMetrics } from '../../../src/lock/metrics.ts'
import { keyOf } from '../../../src/lock/queue/queue.ts'
import { defaultQueueSettings } from '../../../src/lock/queue/settings.ts'
import { LockService } from '../../../src/lock/service.ts'
import { noStore } from '../../../src/lock/state-file.ts'
import { endpointSlice, FakeObjects } from '../../support/fake-objects.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { FakePods } from '../../support/fake-pods.ts'

const services = ['x', 'y', 'z'] as const
type Service = (typeof services)[number]
const keyOfService = (service: Service): string => `endpointslices/shop?kubernetes.io/service-name=${service}`
const timeoutMs = 40_000
const holdMs = 30_000

type Step =
  | { readonly kind: 'start'; readonly uid: string; readonly waitsFor: readonly Service[]; readonly fails: boolean; readonly isAll: boolean }
  | { readonly kind: 'is'; readonly service: Service; readonly isHealthy: boolean }
  | { readonly kind: 'pass'; readonly ms: number }
  | { readonly kind: 'gone' | 'break'; readonly uid: string }

const uid = fc.constantFrom('a', 'b', 'c', 'd', 'e')
const service = fc.constantFrom(...services)
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('start' as const), uid, waitsFor: fc.uniqueArray(service, { maxLength: 3 }), fails: fc.boolean(), isAll: fc.boolean() }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('is' as const), service, isHealthy: fc.boolean() }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass' as const), ms: fc.constantFrom(1, 500, 1_500, 9_999, 10_000, 40_000, 60_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom('gone' as const, 'break' as const), uid }) },
)

/** A node whose pods ask as usher-wait does: once without being held, and then held, again and again, until it is over. */
class Node {
  readonly clock = new FakeClock()
  readonly pods = new FakePods()
  readonly objects = new FakeObjects()
  readonly watches = new SharedWatches({ source: this.objects, clock: this.clock, failed: () => {} })
  readonly service: LockService
  readonly gate: DependencyGate
  readonly healthy = new Map<Service, boolean>()
  readonly since = new Map<string, number>()
  readonly granted = new Set<string>()
  readonly failed = new Set<string>()
  readonly #breaks = new Map<string, () => void>()

  constructor() {
    const { clock, pods } = this
    const log = pino({ level: 'silent' })
    const settings = { ...defaultQueueSettings, strict: true }
    this.service = new LockService({ settings, gates: [], clock, pods, store: noStore, metrics: buildLockMetrics(new Registry()), log })
    pods.sync()
    this.gate = new DependencyGate({ service: this.service, pods, watches: this.watches, clock })
  }

  do(each: Step): void {
    if (each.kind === 'pass') this.clock.advance(each.ms)
    else if (each.kind === 'is') this.#set(each.service, each.isHealthy)
    else if (each.kind === 'start') this.#start(each)
    else if (each.kind === 'gone') this.#end(each.uid)
    else this.#breaks.get(each.uid)?.()
    this.#list()
  }

  #start({ uid, waitsFor, fails, isAll }: Extract<Step, { kind: 'start' }>): void {
    if (this.pods.find(uid) !== undefined) return
    const text = waitsFor.map((name) => `service/${name}:timeout=40s${fails ? ':on-timeout=fail' : ''}`).join(',')
    const { dependencies } = parseDependsOn(text)
    this.pods.put(uid, dependencies.length === 0 ? {} : { gate: { dependencies, self: [], isAll } })
    this.since.set(uid, this.clock.now())
    this.#ask(uid, 0)
  }

  #ask(uid: string, waitMs: number): void {
    let isBroken = false
    const held = this.gate.ask({ uid, pod: undefined, weight: 1, leaseMs: 20_000, leftMs: undefined }, '10.0.0.1', waitMs, (answer: GateAnswer) => {
      if (isBroken || this.pods.find(uid) === undefined) return
      if (answer.kind === 'granted') this.service.delivered(answer.lease.key)
      if (answer.kind === 'granted' || answer.kind === 'passed') this.granted.add(uid)
      else if (answer.kind === 'failed') this.failed.add(uid)
      else this.clock.after(1, () => this.pods.find(uid) && this.#ask(uid, holdMs))
    })
    this.#breaks.set(uid, () => {
      isBroken = true
      held?.cancel()
    })
  }

  #set(service: Service, isHealthy: boolean): void {
    this.healthy.set(service, isHealthy)
    const key = keyOfService(service)
    if (this.objects.watched.includes(key)) this.objects.put(key, endpointSlice(`${service}-1`, isHealthy ? 1 : 0, 1))
  }

  /** What has been watched from now on is listed at once. */
  #list(): void {
    for (const service of services) {
      const key = keyOfService(service)
      if (this.objects.watched.includes(key)) this.objects.list(key, [endpointSlice(`${service}-1`, this.healthy.get(service) === true ? 1 : 0, 1)])
    }
  }

  #end(uid: string): void {
    this.pods.remove(uid)
    this.granted.delete(uid)
    this.failed.delete(uid)
  }
}

t.test('whoever waits for what is not healthy has neither place nor permit, nobody waits beyond the timeout, and only what is waited for is watched', async (t) => {
  const seen = { waited: 0, failed: 0, granted: 0 }
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 40 }), (steps) => {
      const node = new Node()
      for (const each of steps) {
        node.do(each)
        const now = node.clock.now()
        const waiting = node.gate.waiting()
        for (const { uid, since, states } of waiting) {
          seen.waited++
          if (node.service.queue.place(keyOf(uid)) !== undefined || node.service.queue.lease(keyOf(uid)) !== undefined) throw new Error(`${uid} waits, and has something in the queue`)
          if (node.granted.has(uid)) throw new Error(`${uid} waits, and was granted`)
          if (states.every(({ state }) => state === 'healthy') && node.gate.find(uid)?.isConnected === true) throw new Error(`${uid} waits for what is healthy`)
          // One request may have just ended, and the next one is to come.
          if (node.gate.find(uid)?.isConnected === true && now - since > timeoutMs) throw new Error(`${uid} waits for ${now - since} ms`)
        }
        for (const uid of node.failed) {
          seen.failed++
          if (node.pods.find(uid)?.gate?.dependencies.every(({ onTimeout }) => onTimeout === 'proceed') === true) throw new Error(`${uid} has failed, which nobody wanted`)
        }
        if (node.service.queue.used > 1) throw new Error('more permits than there are')
        seen.granted += node.granted.size
        const wanted = new Set(waiting.flatMap(({ states }) => states.map(({ dependency }) => keyOfService(dependency.target.name as Service))))
        if (JSON.stringify(node.objects.watched) !== JSON.stringify([...wanted].toSorted())) throw new Error(`watched: ${node.objects.watched.join()}, waited for: ${[...wanted].join()}`)
      }
    }),
    { numRuns: 400 },
  )
  for (const [what, count] of Object.entries(seen)) t.ok(count > 100, `${what}: ${count}`)
})
