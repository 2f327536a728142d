import type { SavedState, StateStore } from '../../src/lock/state-file.ts'

/** Keeps the state of a lock where a test sees it. */
export class MemoryStore implements StateStore {
  #kept: SavedState | undefined

  /** What was saved last. */
  get kept(): SavedState | undefined {
    return structuredClone(this.#kept)
  }

  load(): SavedState | undefined {
    return this.kept
  }

  save(state: SavedState): void {
    this.#kept = structuredClone(state)
  }
}
