import type { PodFacts, PodSource } from '../../src/lock/pods.ts'
import type { PodEvent } from '../../src/lock/queue/events.ts'

/** Pods as a test says that they are. */
export class FakePods implements PodSource {
  readonly #facts = new Map<string, PodFacts>()
  readonly #listeners = new Set<(event: PodEvent) => void>()

  /** How many want to be told. */
  get watchers(): number {
    return this.#listeners.size
  }

  find(uid: string): PodFacts | undefined {
    return this.#facts.get(uid)
  }

  watch(listener: (event: PodEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** What is known of a pod from now on. */
  set(uid: string, facts: PodFacts): void {
    this.#facts.set(uid, facts)
  }

  /** Tells that something has happened to a pod. */
  tell(event: PodEvent): void {
    for (const listener of this.#listeners) listener(event)
  }
}
