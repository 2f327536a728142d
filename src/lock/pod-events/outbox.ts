import type { Notice } from './notice.ts'
import { eventReasons } from './reasons.ts'

/** A notice that is to be sent. */
export interface Pending {
  readonly notice: Notice
  /** How often that was tried in vain. */
  readonly attempts: number
}

/** What is to be sent: of each pod the last that is due, and nothing else. */
export class Outbox {
  readonly #pending = new Map<string, Pending>()

  get size(): number {
    return this.#pending.size
  }

  /** Puts it in the place of what else is due of the pod, which is given back. A pod keeps its turn. */
  put(notice: Notice): Notice | undefined {
    const before = this.#pending.get(notice.pod.uid)?.notice
    this.#pending.set(notice.pod.uid, { notice, attempts: 0 })
    return before
  }

  /** Puts back what was taken; false: there is something newer of the pod. */
  putBack(pending: Pending): boolean {
    const { uid } = pending.notice.pod
    if (this.#pending.has(uid)) return false
    this.#pending.set(uid, pending)
    return true
  }

  /** Takes out what is due of a pod. */
  remove(uid: string): Notice | undefined {
    const found = this.#pending.get(uid)?.notice
    this.#pending.delete(uid)
    return found
  }

  /** Takes what comes next: by its rank, and of the same rank that of the pod which has been here for longest. */
  take(): Pending | undefined {
    let next: Pending | undefined
    for (const pending of this.#pending.values()) if (next === undefined || rankOf(pending) < rankOf(next)) next = pending
    if (next !== undefined) this.remove(next.notice.pod.uid)
    return next
  }

  /** Takes all that became due at this time or before. */
  takeDueBy(time: number): readonly Notice[] {
    const old = Array.from(this.#pending.values(), ({ notice }) => notice).filter(({ dueAt }) => dueAt <= time)
    for (const { pod } of old) this.remove(pod.uid)
    return old
  }
}

function rankOf({ notice: { reason } }: Pending): number {
  return eventReasons[reason].rank
}
