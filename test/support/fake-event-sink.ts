import type { EventSink, PodEventView, SinkAnswer } from '../../src/lock/pod-events/sink.ts'

/** A request that a sink got. */
export interface SinkRequest extends PodEventView {
  readonly verb: 'create' | 'update'
  /** When it came. */
  readonly at: number
}

/** Takes Events, and knows their names as the API server does; until a test says what it answers. */
export class FakeEventSink implements EventSink {
  readonly requests: SinkRequest[] = []
  /** The answer to the next request; undefined: what an API server would say. */
  answer: (request: SinkRequest) => SinkAnswer | undefined | Promise<SinkAnswer | undefined> = () => undefined
  /** How many are on their way at once, at the most. */
  mostAtOnce = 0
  #atOnce = 0
  readonly #now: () => number
  readonly #names = new Set<string>()

  constructor(now: () => number) {
    this.#now = now
  }

  async create(event: PodEventView): Promise<SinkAnswer> {
    return await this.#take('create', event, (name) => {
      if (this.#names.has(name)) return { kind: 'exists' }
      this.#names.add(name)
      return { kind: 'taken' }
    })
  }

  async update(event: PodEventView): Promise<SinkAnswer> {
    return await this.#take('update', event, (name) => ({ kind: this.#names.has(name) ? 'taken' : 'missing' }))
  }

  /** Forgets all Events, as the API server does an hour after they have changed. */
  forget(): void {
    this.#names.clear()
  }

  /** What was sent, a line each: `65 update web StartupLockWaiting x2 place 1 …`, and takes it. */
  told(): readonly string[] {
    return this.requests
      .splice(0)
      .map(({ verb, at, pod, reason, count, message }) => `${at / 1_000} ${verb} ${pod.name} ${reason}${count === 1 ? '' : ` x${count}`}: ${message}`)
  }

  async #take(verb: SinkRequest['verb'], event: PodEventView, answer: (name: string) => SinkAnswer): Promise<SinkAnswer> {
    const request = { ...event, verb, at: this.#now() }
    this.requests.push(request)
    this.mostAtOnce = Math.max(this.mostAtOnce, ++this.#atOnce)
    try {
      return (await this.answer(request)) ?? answer(`${event.pod.uid} ${event.reason} ${event.occasion}`)
    } finally {
      this.#atOnce--
    }
  }
}
