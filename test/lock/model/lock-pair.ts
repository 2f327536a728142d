import { isIdentified, type KeptState } from '../../../src/lock/queue/queue.ts'
import type { QueueSettings } from '../../../src/lock/queue/settings.ts'
import { type Answered, type Asked, type Asking, LockInProcess } from '../../support/lock-in-process.ts'
import { equal } from '../../support/property.ts'
import { within } from '../../support/until.ts'
import type { Expected, Wish } from './expected.ts'
import { LockModel } from './lock-model.ts'
import { checkSame } from './same.ts'

export const gateNames = ['dns', 'registry']

const saveAfterMs = 100

/** How a request says what it wants. */
export type Way = 'query' | 'headers' | 'document'

/** A lock and its model, to which the same happens at the same time. */
export class LockPair {
  readonly model: LockModel
  readonly lock: LockInProcess
  readonly #asked = new Map<number, Asked>()

  static async start(settings: QueueSettings): Promise<LockPair> {
    return new LockPair(new LockModel(settings, gateNames), await LockInProcess.start(settings, gateNames))
  }

  private constructor(model: LockModel, lock: LockInProcess) {
    this.model = model
    this.lock = lock
  }

  async ask(wish: Wish, way: Way): Promise<void> {
    const { target, ...asking } = requestOf(wish, way)
    this.#asked.set(this.model.ask(wish), this.lock.ask(target, asking))
    await this.settle()
  }

  /** One of the requests that are held breaks off. */
  async vanish(pick: number): Promise<void> {
    const ids = [...this.model.held.keys()]
    const id = ids[pick % ids.length]
    if (id === undefined) throw new Error('nobody is held')
    this.model.vanish(id)
    this.#asked.get(id)?.request.destroy()
    await this.settle()
  }

  async giveBack(uid: string, pod: string | undefined, from: string): Promise<void> {
    const wanted = this.model.giveBack(uid, pod, from)
    const query = pod === undefined ? '' : `?pod=${encodeURIComponent(pod)}`
    const { status } = await this.lock.answer(`/v1/leases/${uid}${query}`, { method: 'DELETE', from })
    equal(status, wanted, `the status of giving back ${uid}`)
    await this.settle()
  }

  /** Lets time pass; everything that is due meanwhile is done, and told, before the next. */
  async advance(afterMs: number): Promise<void> {
    const end = this.model.clock.now() + afterMs
    for (;;) {
      const now = this.model.clock.now()
      const at = Math.min(end, this.model.clock.nextAt ?? end)
      this.lock.clock.advance(at - now)
      this.model.advance(at - now)
      await this.settle()
      if (at === end) return
    }
  }

  /** The process ends, and is started anew a while later. */
  async restart(how: 'close' | 'crash', afterMs: number): Promise<void> {
    const { model, lock } = this
    model.end(how === 'crash' ? 'broken' : 'told')
    await lock[how]()
    const { kept } = lock.store
    checkKept(model, kept, how)
    model.clock.advance(afterMs)
    lock.clock.advance(afterMs)
    await lock.startAgain()
    model.restart(kept)
    await this.settle()
  }

  /** Waits until the lock has done what the model has, and compares what they have come to. */
  async settle(): Promise<void> {
    const { model, lock } = this
    await this.#compareAnswers()
    await lock.settled(`${model.held.size} are held`, () => lock.open === model.held.size && heldBy(lock) === model.held.size)
    await checkSame(model, lock)
  }

  async #compareAnswers(): Promise<void> {
    for (const [id, expected] of this.model.answers) {
      const answer = this.#asked.get(id)?.answer
      if (answer === undefined) throw new Error(`nobody has asked ${id}`)
      equal(seenOf(await within(10_000, `an answer to request ${id}: ${JSON.stringify(expected)}`, answer)), expected, `the answer to request ${id}`)
      this.#asked.delete(id)
    }
    this.model.answers.clear()
  }
}

/** After a crash, what a pod has been told must be kept; the order of those who wait may be a moment old. */
function checkKept({ queue, clock, changedAt }: LockModel, kept: KeptState | undefined, how: 'close' | 'crash'): void {
  const { leases, waiting } = queue.kept()
  if (how === 'close') equal([kept?.leases, kept?.waiting], [leases, waiting], 'what is kept')
  const keysOf = (all: readonly { readonly key: string }[] = []): string[] => all.map(({ key }) => key).filter(isIdentified)
  equal(keysOf(kept?.leases), keysOf(leases), 'the leases that are kept')
  if (clock.now() - changedAt >= saveAfterMs) equal(keysOf(kept?.waiting), keysOf(waiting), 'the places that are kept')
}

function heldBy({ service }: LockInProcess): number {
  return Array.from(service.queue.waiting(), ({ requests }) => requests).reduce((sum, requests) => sum + requests, 0)
}

function seenOf(answered: Answered | undefined): Expected {
  if (answered === undefined) return 'broken'
  const { status, body } = answered
  if (status !== 423) return { status }
  const { position }: { readonly position: number } = JSON.parse(body)
  return { status, position }
}

/** A wish as a request. */
function requestOf({ uid, pod, peer, weight, durationS, maxWaitS, waitS }: Wish, way: Way): Asking & { readonly target: string } {
  const prefer = waitS === undefined ? {} : { prefer: `wait=${waitS}` }
  const headers = { accept: 'application/problem+json', ...prefer }
  if (way === 'document' && uid !== undefined) {
    const body = JSON.stringify({ uid, pod, weight, duration: durationS, maxWait: maxWaitS })
    const length = String(Buffer.byteLength(body))
    return { target: '/v1/leases', method: 'POST', headers: { ...headers, 'content-type': 'application/json', 'content-length': length }, body, from: peer }
  }
  const who = textsOf({ uid, pod, weight })
  const query = new URLSearchParams({ ...textsOf({ duration: durationS, 'max-wait': maxWaitS }), ...(way === 'query' ? who : {}) })
  const named = way === 'query' ? {} : Object.fromEntries(Object.entries(who).map(([name, value]) => [`usher-${name}`, value]))
  return { target: `/?${query.toString()}`, headers: { ...headers, ...named }, from: peer }
}

function textsOf(values: Readonly<Record<string, string | number | undefined>>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])))
}
