import { Agent, type ClientRequest, request, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { setImmediate as ioDone } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { Askers, type UnknownPolicy } from '../../src/lock/askers.ts'
import { announceGate } from '../../src/lock/depends-on/announce-gate.ts'
import { DependencyGate } from '../../src/lock/depends-on/dependency-gate.ts'
import { SharedWatches } from '../../src/lock/depends-on/shared-watches.ts'
import { followPods } from '../../src/lock/follow-pods.ts'
import { buildLock } from '../../src/lock/app.ts'
import { buildLockMetrics } from '../../src/lock/metrics.ts'
import type { QueueSettings } from '../../src/lock/queue/settings.ts'
import { LockService } from '../../src/lock/service.ts'
import type { Clock } from '../../src/units/clock.ts'
import { FakeClock } from './fake-clock.ts'
import { FakeObjects } from './fake-objects.ts'
import { FakePods } from './fake-pods.ts'
import { MemoryStore } from './memory-store.ts'
import { within } from './until.ts'

/** What is asked, besides `GET`. */
export interface Asking {
  readonly method?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
  /** The address of the loopback that asks. */
  readonly from?: string
}

export interface Answered {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly body: string
}

/** A request on its way. */
export interface Asked {
  readonly request: ClientRequest
  /** The whole answer; undefined: the connection has ended before. */
  readonly answer: Promise<Answered | undefined>
}

// Only tells a busy machine from a hang.
const patienceMs = 10_000

/** One life of a lock, from its start to its end. */
interface Life {
  readonly service: LockService
  readonly gate: DependencyGate
  readonly app: FastifyInstance
  readonly registry: Registry
  /** The server's ends of its connections, by the ports of the clients. */
  readonly sockets: Map<number, Socket>
  arrived: number
  open: number
  /** From now on it does nothing that outlasts it. */
  kill(): void
}

/** A lock with a real server on the loopback, in a time that the test moves, over pods that the test tells of. */
export class LockInProcess {
  readonly clock = new FakeClock()
  readonly pods = new FakePods()
  readonly objects = new FakeObjects()
  readonly store = new MemoryStore()
  readonly #unknown: UnknownPolicy
  readonly #settings: QueueSettings
  readonly #gates: readonly string[]
  #agent = new Agent({ keepAlive: true })
  readonly #unanswered = new Set<Promise<unknown>>()
  #sent = 0
  #life: Life

  /** @param unknown what somebody gets of whom nothing is known. */
  static async start(settings: QueueSettings, gates: readonly string[] = [], unknown: UnknownPolicy = 'anonymous'): Promise<LockInProcess> {
    const lock = new LockInProcess(settings, gates, unknown)
    await lock.#listen()
    return lock
  }

  private constructor(settings: QueueSettings, gates: readonly string[], unknown: UnknownPolicy) {
    this.#unknown = unknown
    this.#settings = settings
    this.#gates = gates
    this.#life = this.#build()
  }

  get service(): LockService {
    return this.#life.service
  }

  /** What holds pods until what they depend on is healthy. */
  get gate(): DependencyGate {
    return this.#life.gate
  }

  /** On which it listens. */
  get port(): number {
    return (this.#life.app.server.address() as AddressInfo).port
  }

  /** The text of its metrics. */
  metrics(): Promise<string> {
    return this.#life.registry.metrics()
  }

  /** How many requests the server has not ended with. */
  get open(): number {
    return this.#life.open
  }

  /** The server's end of a request's connection. */
  socketOf({ request: { socket } }: Asked): Socket | undefined {
    return this.#life.sockets.get(socket?.localPort ?? 0)
  }

  ask(target: string, { method = 'GET', headers = {}, body, from = '127.0.0.1' }: Asking = {}): Asked {
    this.#sent++
    const { port } = this
    const sent = request({ agent: this.#agent, host: '127.0.0.1', port, localAddress: from, path: target, method, headers })
    const { promise: answer, resolve } = Promise.withResolvers<Answered | undefined>()
    sent.on('error', () => resolve(undefined))
    sent.on('close', () => resolve(undefined))
    sent.on('response', (response) => {
      let text = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk))
      response.on('error', () => resolve(undefined))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }))
    })
    sent.end(body)
    this.#unanswered.add(answer)
    void answer.then(() => this.#unanswered.delete(answer))
    return { request: sent, answer }
  }

  /** The answer to a request that is not held. */
  async answer(target: string, asking: Asking = {}): Promise<Answered> {
    const answered = await within(patienceMs, `an answer to ${target}`, this.ask(target, asking).answer)
    if (answered === undefined) throw new Error(`${target} has no answer`)
    return answered
  }

  /** Waits until all that was sent has arrived, and something holds: lets all input and output happen before each look. */
  async settled(what: string, isSo: () => boolean): Promise<void> {
    const end = performance.now() + patienceMs
    for (;;) {
      await ioDone()
      if (this.#life.arrived === this.#sent && isSo()) return
      if (performance.now() > end) throw new Error(`never: ${what} (${this.#life.arrived} of ${this.#sent} have arrived, ${this.open} are open)`)
    }
  }

  /** Ends as at a SIGKILL: connections break, and nothing is saved. */
  async crash(): Promise<void> {
    this.#life.kill()
    this.#life.app.server.closeAllConnections()
    await this.close()
  }

  /** Is started anew from its store. */
  async startAgain(): Promise<void> {
    this.#agent = new Agent({ keepAlive: true })
    this.#sent = 0
    this.#life = this.#build()
    await this.#listen()
  }

  /** Ends as at a SIGTERM. */
  async close(): Promise<void> {
    await within(patienceMs, 'the server closes', this.#life.app.close())
    await within(patienceMs, 'all who have asked know', Promise.all(this.#unanswered))
    this.#agent.destroy()
  }

  async #listen(): Promise<void> {
    await this.#life.app.listen({ host: '127.0.0.1', port: 0 })
  }

  #build(): Life {
    const { clock, pods, store } = this
    const registry = new Registry()
    const metrics = buildLockMetrics(registry)
    const log = pino({ level: 'silent' })
    let isDead = false
    const ours: Clock = { now: () => clock.now(), after: (ms, call) => clock.after(ms, () => isDead || call()) }
    const kept = store.load()?.gated ?? []
    let gate: DependencyGate | undefined
    const service = new LockService({
      settings: this.#settings,
      gates: this.#gates,
      clock: ours,
      pods,
      store: { load: () => store.load(), save: (state) => isDead || store.save({ ...state, ...(gate !== undefined && gate.kept().length > 0 ? { gated: gate.kept() } : {}) }) },
      metrics,
      log,
    })
    const watches = new SharedWatches({ source: this.objects, clock: ours, failed: () => {} })
    gate = new DependencyGate({ service, pods, watches, clock: ours, kept })
    announceGate(gate, { service, metrics, log })
    metrics.watchGate(gate, watches)
    const askers = new Askers({ service: gate, pods, clock, unknown: this.#unknown })
    const app = buildLock({ service, askers, gate, metrics, registry, readers: { has: () => true }, log, version: '0.0.0' })
    const unfollow = followPods(service, pods)
    app.addHook('onClose', async () => unfollow())
    const life: Life = { service, gate, app, registry, sockets: new Map(), arrived: 0, open: 0, kill: () => (isDead = true) }
    app.server.on('connection', (socket: Socket) => {
      const { remotePort = 0 } = socket
      life.sockets.set(remotePort, socket)
      socket.once('close', () => life.sockets.delete(remotePort))
    })
    app.server.on('request', (_request, response: ServerResponse) => {
      life.arrived++
      life.open++
      response.once('close', () => life.open--)
    })
    return life
  }
}
