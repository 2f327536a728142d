import { pino } from 'pino'
import { Registry } from 'prom-client'
import type { Test } from 'tap'
import { pressureGateName, watchPressure } from '../../src/lock/gates/watch-pressure.ts'
import { buildLockMetrics } from '../../src/lock/metrics.ts'
import { keyOf } from '../../src/lock/queue/queue.ts'
import { defaultQueueSettings } from '../../src/lock/queue/settings.ts'
import { LockService } from '../../src/lock/service.ts'
import { FakeClock } from './fake-clock.ts'
import { FakePods } from './fake-pods.ts'
import { MemoryStore } from './memory-store.ts'

/** A lock's service with a gate of CPU pressure, on a node whose pressure the test says. */
export class LockUnderPressure {
  readonly clock = new FakeClock()
  readonly log: string[] = []
  readonly registry = new Registry()
  readonly store: MemoryStore
  readonly service: LockService
  /** What the gate has become since the start, one after the other. */
  readonly changes: string[] = []
  readonly watched: ReturnType<typeof watchPressure>

  constructor(t: Test, store = new MemoryStore()) {
    const log = pino({ level: 'warn' }, { write: (line) => void this.log.push(line) })
    const { clock } = this
    this.store = store
    const metrics = buildLockMetrics(this.registry)
    this.service = new LockService({ settings: defaultQueueSettings, gates: [pressureGateName], clock, pods: new FakePods(), store, metrics, log })
    this.watched = watchPressure({ bounds: { close: 80, open: 40 }, service: this.service, clock, log })
    this.service.follow((decision) => decision.kind === 'gate' && this.changes.push(decision.open ? 'open' : 'closed'))
    t.teardown(() => this.watched.stop())
  }

  get gate() {
    return this.service.gates().find((gate) => gate.name === pressureGateName)
  }

  /** Who has a turn. */
  get granted(): string | undefined {
    return Array.from(this.service.queue.leases(), ({ key }) => key.replace('uid:', '')).join()
  }

  ask(uid: string): void {
    this.service.ask({ uid, pod: undefined, weight: 1, leaseMs: undefined, leftMs: undefined }, '10.0.0.1', 300_000, () => {})
    this.service.delivered(keyOf(uid))
  }

  pressure(pressure: number | undefined, seconds: number): void {
    for (let quarter = 0; quarter < 4 * seconds; quarter++) {
      this.clock.advance(250)
      this.watched.read({ pressure, windowMs: 250 })
    }
  }

  metrics(): Promise<string> {
    return this.registry.metrics()
  }
}
