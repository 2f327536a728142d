/** Something that has happened, for those who follow the events. */
export interface LockEvent {
  readonly id: number
  readonly kind: 'waiting' | 'granted' | 'released' | 'left' | 'gate' | 'gated'
  /** NAMESPACE/NAME; undefined: an anonymous client, or no client at all. */
  readonly pod: string | undefined
  readonly details: Readonly<Record<string, string | number | boolean>>
}

// For those who come back after a moment.
const keptEvents = 256

/** The last events, and who is told of the next ones. */
export class EventLog {
  readonly #kept: LockEvent[] = []
  readonly #listeners = new Set<EventListener>()
  #lastId = 0

  /** Notes an event, and tells everybody. */
  add(kind: LockEvent['kind'], pod: string | undefined, details: LockEvent['details']): void {
    const event: LockEvent = { id: ++this.#lastId, kind, pod, details }
    this.#kept.push(event)
    if (this.#kept.length > keptEvents) this.#kept.shift()
    for (const listener of this.#listeners) listener.next(event)
  }

  /** Tells of every event from now on, and first of those kept after `lastId`. Gives back what ends that. */
  follow(lastId: number | undefined, listener: EventListener): () => void {
    if (lastId !== undefined) {
      for (const event of this.#kept) if (event.id > lastId) listener.next(event)
    }
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** How many follow. */
  get followers(): number {
    return this.#listeners.size
  }

  /** Tells those who follow that there will be no more. */
  close(): void {
    for (const listener of this.#listeners) listener.end()
    this.#listeners.clear()
  }
}

/** Who follows the events. */
export interface EventListener {
  next(event: LockEvent): void
  end(): void
}
