import { recloseMs } from './settings.ts'
import type { ClosedGate, KeptGate, OpenedGate } from './state.ts'

/** Which gates are closed, since when, and which of these no longer hold anybody up. */
export class Gates {
  readonly #maxWaitMs: number
  readonly #closed = new Map<string, ClosedGate>()
  readonly #opened = new Map<string, OpenedGate>()

  /** @param maxWaitMs after how long a closed gate no longer holds anybody up; 0: never. */
  constructor(maxWaitMs: number) {
    this.#maxWaitMs = maxWaitMs
  }

  /** Goes on from what is kept of a queue before; what keeps a gate closed is found out anew. */
  restore(closed: readonly KeptGate[], opened: readonly OpenedGate[], now: number): void {
    for (const { name, since, overdue } of closed) {
      const began = Math.min(since, now)
      this.#closed.set(name, { name, since: began, reason: '', overdue: overdue && this.#isTooLong(began, now) })
    }
    for (const gate of opened) this.#opened.set(gate.name, gate)
  }

  /**
   * A gate was found open or closed. One that closes again soon has never been open for anybody who counts how long it
   * holds: it goes on from when it closed first.
   *
   * @returns whether that is another than before.
   */
  set(name: string, open: boolean, reason: string, now: number): boolean {
    const closed = this.#closed.get(name)
    if (open === (closed === undefined)) {
      if (closed !== undefined) closed.reason = reason
      return false
    }
    if (closed !== undefined) {
      this.#closed.delete(name)
      this.#opened.set(name, { name, since: closed.since, openedAt: now })
      return true
    }
    const opened = this.#opened.get(name)
    const isSoon = opened !== undefined && now - opened.openedAt <= recloseMs
    this.#opened.delete(name)
    this.#closed.set(name, { name, since: isSoon ? opened.since : now, reason, overdue: false })
    return true
  }

  /** Lets those that have been closed for too long hold nobody up any more; gives these. */
  expire(now: number): readonly ClosedGate[] {
    const expired: ClosedGate[] = []
    for (const gate of this.#closed.values()) {
      if (gate.overdue || !this.#isTooLong(gate.since, now)) continue
      gate.overdue = true
      expired.push(gate)
    }
    return expired
  }

  /** When the next one will have been closed for too long; Infinity: never. */
  nextChangeAt(): number {
    if (this.#maxWaitMs === 0) return Infinity
    let next = Infinity
    for (const { since, overdue } of this.#closed.values()) if (!overdue) next = Math.min(next, since + this.#maxWaitMs)
    return next
  }

  /** Whether none holds anybody up. */
  areOpen(): boolean {
    for (const { overdue } of this.#closed.values()) if (!overdue) return false
    return true
  }

  closed(): Iterable<ClosedGate> {
    return this.#closed.values()
  }

  /** Those that have opened and not closed again. */
  opened(): readonly OpenedGate[] {
    return [...this.#opened.values()]
  }

  #isTooLong(since: number, now: number): boolean {
    return this.#maxWaitMs > 0 && since + this.#maxWaitMs <= now
  }
}
