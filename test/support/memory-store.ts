import type { KeptState } from '../../src/lock/queue/queue.ts'
import type { StateStore } from '../../src/lock/state-file.ts'

/** Keeps the state of a lock where a test sees it. */
export class MemoryStore implements StateStore {
  #kept: KeptState | undefined

  /** What was saved last. */
  get kept(): KeptState | undefined {
    return structuredClone(this.#kept)
  }

  load(): KeptState | undefined {
    return this.kept
  }

  save(state: KeptState): void {
    this.#kept = structuredClone(state)
  }
}
