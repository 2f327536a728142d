import { pino } from 'pino'
import { Registry } from 'prom-client'
import { followPods } from '../../src/lock/follow-pods.ts'
import { buildLockMetrics } from '../../src/lock/metrics.ts'
import { makePodEvents } from '../../src/lock/pod-events/pod-events.ts'
import { defaultQueueSettings, type QueueSettings } from '../../src/lock/queue/settings.ts'
import { LockService } from '../../src/lock/service.ts'
import { FakeClock } from './fake-clock.ts'
import { FakeEventSink } from './fake-event-sink.ts'
import { FakePods } from './fake-pods.ts'
import { MemoryStore } from './memory-store.ts'
import { passTime } from './pass-time.ts'
import { readMetric } from './webhook.ts'

/** How a story begins. */
export interface StoryOptions {
  readonly settings?: Partial<QueueSettings>
  readonly gates?: readonly string[]
  /** Whether Events are made. */
  readonly isOn?: boolean
}

/** One life of the lock. */
interface Life {
  readonly service: LockService
  readonly registry: Registry
  readonly stop: () => void
}

/** The service of a lock that tells Events, in a time that the test moves. Nobody asks over HTTP here. */
export class PodEventsStory {
  readonly clock = new FakeClock()
  readonly pods = new FakePods()
  readonly sink = new FakeEventSink(() => this.clock.now())
  readonly #options: StoryOptions
  readonly #store = new MemoryStore()
  readonly #log: string[] = []
  #life: Life

  constructor(options: StoryOptions = {}) {
    this.#options = options
    this.#life = this.#start()
    this.pods.sync()
  }

  get service(): LockService {
    return this.#life.service
  }

  /** The messages of its log about Events. */
  get log(): readonly string[] {
    return this.#log.filter((message) => message.includes('Event'))
  }

  /** A pod that Kubernetes knows asks for the lock, and waits for it. */
  ask(uid: string, { duration }: { readonly duration?: number } = {}): void {
    if (this.pods.find(uid) === undefined) this.pods.put(uid)
    const { namespace = '', name = '' } = this.pods.find(uid) ?? {}
    this.askUnknown(uid, { pod: `${namespace}/${name}`, ...(duration === undefined ? {} : { duration }) })
  }

  /** Somebody asks of whom Kubernetes has not told. */
  askUnknown(uid: string, { pod = `shop/${uid}`, duration }: { readonly pod?: string; readonly duration?: number } = {}): void {
    const ask = { uid, pod, weight: 1, leaseMs: duration, leftMs: undefined }
    this.service.ask(ask, '10.0.0.9', 3_600_000, (answer) => {
      if (answer.kind === 'granted') this.service.delivered(answer.lease.key)
    })
  }

  /** Somebody gives its turn back, or stops waiting. */
  giveBack(uid: string): void {
    this.service.giveBack(`uid:${uid}`)
  }

  /** Lets time pass: each timer in its turn, and what is sent is answered before the next. */
  async pass(seconds: number): Promise<void> {
    await passTime(this.clock, seconds * 1_000)
  }

  /** The lock is stopped, and started anew. */
  restart(): void {
    this.stop()
    this.#life = this.#start()
  }

  stop(): void {
    this.#life.stop()
    this.#life.service.close()
  }

  /** The value of a sample of its metrics. */
  async metric(sample: string): Promise<number> {
    return readMetric(await this.#life.registry.metrics(), sample)
  }

  #start(): Life {
    const { clock, pods } = this
    const { settings = {}, gates = [], isOn = true } = this.#options
    const registry = new Registry()
    const metrics = buildLockMetrics(registry)
    const log = pino({ level: 'info' }, { write: (line: string) => void this.#log.push(String(JSON.parse(line).msg)) })
    const service = new LockService({
      settings: { ...defaultQueueSettings, permits: 1, strict: true, ...settings },
      gates,
      clock,
      pods,
      store: this.#store,
      metrics,
      log,
    })
    const unfollow = followPods(service, pods)
    const sink = isOn ? this.sink : undefined
    const end = makePodEvents({ service, sink, clock, date: () => startedAtMs + clock.now(), metrics, log })
    return {
      service,
      registry,
      stop() {
        unfollow()
        end()
      },
    }
  }
}

/** When the clock of a story was 0. */
export const startedAtMs = Date.parse('2026-11-25T10:00:00Z')
