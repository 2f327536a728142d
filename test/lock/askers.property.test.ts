import * as fc from 'fast-check'
import t from 'tap'
import { pino } from 'pino'
import { Registry } from 'prom-client'
import { Askers, type AskersAnswer, type UnknownPolicy } from '../../src/lock/askers.ts'
import { buildLockMetrics } from '../../src/lock/metrics.ts'
import { isIdentified, uidOf } from '../../src/lock/queue/queue.ts'
import { defaultQueueSettings } from '../../src/lock/queue/settings.ts'
import { type Held, LockService } from '../../src/lock/service.ts'
import { FakeClock } from '../support/fake-clock.ts'
import { FakePods } from '../support/fake-pods.ts'
import { MemoryStore } from '../support/memory-store.ts'
import { runs } from '../support/property.ts'

/** What may happen, in any order. */
const uid = fc.constantFrom('a', 'b', 'c', 'd')
const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('ask'), uid: fc.option(uid, { nil: undefined, freq: 8 }), peer: fc.constantFrom('127.0.0.1', '127.0.0.2'), waitMs: fc.constantFrom(0, 500, 3_000, 60_000) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('cancel'), index: fc.nat(20) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('put'), uid, isOver: fc.constantFrom(false, false, false, true) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove'), uid }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('sync') }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose') }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('pass'), ms: fc.constantFrom(1, 500, 1_999, 2_000, 4_000, 10_000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('own'), uid }) },
)
type Step = typeof step extends fc.Arbitrary<infer T> ? T : never

interface Client {
  held: Held | undefined
  /** Whether it was held before the queue knew of it. */
  wasParked: boolean
  isCancelled: boolean
  answers: AskersAnswer[]
  readonly uid: string | undefined
  readonly askedAt: number
}

/** The lock's edge without its server: what is held is what `ask` gave back. */
class Edge {
  readonly clock = new FakeClock()
  readonly pods = new FakePods()
  readonly clients: Client[] = []
  readonly service: LockService
  readonly askers: Askers
  readonly #unknown: UnknownPolicy
  #parked = 0

  constructor(unknown: UnknownPolicy, permits: number) {
    const { clock, pods } = this
    this.#unknown = unknown
    pods.state = 'starting'
    const metrics = buildLockMetrics(new Registry())
    const settings = { ...defaultQueueSettings, strict: true, permits }
    this.service = new LockService({ settings, gates: [], clock, pods, store: new MemoryStore(), metrics, log: pino({ level: 'silent' }) })
    this.askers = new Askers({ service: this.service, pods, clock, unknown, onParked: () => this.#parked++ })
  }

  take(next: Step): void {
    switch (next.kind) {
      case 'ask':
        this.#ask(next)
        return
      case 'cancel':
        this.cancel(this.clients[next.index])
        return
      case 'put':
        this.pods.put(next.uid, { isOver: next.isOver })
        return
      case 'remove':
        this.pods.remove(next.uid)
        return
      case 'sync':
        this.pods.sync()
        return
      case 'lose':
        if (this.pods.state === 'connected') this.pods.state = 'lost'
        return
      case 'pass':
        this.clock.advance(next.ms)
        return
      case 'own':
        this.pods.owners.set('127.0.0.2', next.uid)
    }
  }

  cancel(client: Client | undefined): void {
    if (client === undefined || client.answers.length > 0) return
    client.isCancelled = true
    client.held?.cancel()
  }

  #ask({ uid: of, peer, waitMs }: Extract<Step, { readonly kind: 'ask' }>): void {
    const client: Client = { held: undefined, wasParked: false, isCancelled: false, answers: [], uid: of, askedAt: this.clock.now() }
    this.clients.push(client)
    const [before, pod] = [this.#parked, of === undefined ? undefined : this.pods.find(of)]
    client.held = this.askers.ask({ uid: of, pod: undefined, weight: 1, leaseMs: undefined, leftMs: undefined }, peer, waitMs, (answer) => {
      client.answers.push(answer)
      if (answer.kind === 'granted') this.service.delivered(answer.lease.key)
      this.#checkAnswer(client, peer, answer)
    })
    client.wasParked = this.#parked > before
    if (client.wasParked && (of === undefined || pod !== undefined || this.pods.state === 'lost')) throw new Error(`${of} was held for nothing`)
  }

  /** What holds of each answer when it is given. */
  #checkAnswer(client: Client, peer: string, answer: AskersAnswer): void {
    const { uid: of } = client
    const pod = of === undefined ? undefined : this.pods.find(of)
    if (client.isCancelled) throw new Error(`${of} had gone`)
    if (answer.kind === 'refused') {
      const isOthers = of !== undefined && this.pods.ownerOf(peer) !== undefined && this.pods.ownerOf(peer) !== of
      if (answer.reason === 'not-your-address' ? !isOthers : this.#unknown !== 'refuse') throw new Error(`${of} was refused: ${answer.reason}`)
      return
    }
    if (answer.kind !== 'granted' || !isIdentified(answer.lease.key)) return
    if (uidOf(answer.lease.key) !== of) throw new Error(`${of} was granted the lease of another`)
    if (this.pods.state === 'connected' && pod === undefined && answer.lease.arrivedAt === this.clock.now()) throw new Error(`${of} is unknown, and was believed`)
  }
}

t.test('whoever is held is answered in time, once, and never after it has gone; nothing is left behind', async (t) => {
  const seen = { parked: 0, cancelled: 0, refused: 0, granted: 0 }
  fc.assert(fc.property(fc.array(step, { minLength: 1, maxLength: 40, size: 'max' }), fc.constantFrom<UnknownPolicy>('anonymous', 'refuse'), (steps, unknown) => {
    const edge = new Edge(unknown, 2)
    for (const each of steps) edge.take(each)
    for (const client of edge.clients) {
      edge.cancel(client)
      if (client.wasParked) seen[client.isCancelled ? 'cancelled' : 'parked']++
      for (const { kind } of client.answers) if (kind === 'refused' || kind === 'granted') seen[kind]++
    }
    checkLeft(edge)
  }), { numRuns: runs })
  // What never happens is not tried.
  for (const [what, times] of Object.entries(seen)) t.ok(runs < 100 || times > runs / 20, `${what}: ${times}`)
})

/** All have gone or are answered: nobody is waited for, and everything ends by itself. */
function checkLeft({ clients, service, clock, askers, pods }: Edge): void {
  const unanswered = clients.filter(({ answers, isCancelled }) => answers.length !== (isCancelled ? 0 : 1))
  if (unanswered.length > 0) throw new Error(`${unanswered.length} were not answered once: ${JSON.stringify(unanswered)}`)
  for (const place of service.queue.waiting()) if (place.requests !== 0) throw new Error(`${place.key} is waited for`)
  clock.advance(10_000_000)
  const { leases, waiting } = service.queue.state()
  if (leases.length + waiting.length + service.queue.used + clock.pending > 0) throw new Error(`left: ${JSON.stringify({ leases, waiting })}, ${clock.pending} timers`)
  askers.close()
  if (pods.watchers !== 0) throw new Error('it hears of pods still')
}

t.test('nobody is held for longer than 4 s, or 2 s once all pods are known', async (t) => {
  let held = 0
  const quiet = step.filter(({ kind }) => kind !== 'cancel')
  fc.assert(fc.property(fc.array(quiet, { minLength: 1, maxLength: 30, size: 'max' }), (steps) => {
    // Nobody waits in the queue.
    const edge = new Edge('refuse', 1_000)
    for (const each of steps) {
      edge.take(each)
      for (const { answers, askedAt } of edge.clients) {
        if (answers.length > 0) continue
        held++
        const now = edge.clock.now()
        if (now >= askedAt + 4_000 || (now >= askedAt + 2_000 && edge.pods.state === 'connected')) throw new Error(`held since ${askedAt}, at ${now}`)
      }
    }
  }), { numRuns: runs })
  t.ok(runs < 100 || held > runs / 10, `${held} were held`)
})
