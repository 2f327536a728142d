import type { PodFacts, PodListener, PodsHealth, PodSource } from '../../src/lock/pods.ts'

/** Pods as a test says that they are; without a cluster, until it says something else. */
export class FakePods implements PodSource {
  state: PodsHealth['state'] = 'none'
  readonly owners = new Map<string, string>()
  readonly #pods = new Map<string, PodFacts>()
  readonly #listeners = new Set<PodListener>()

  /** How many want to be told. */
  get watchers(): number {
    return this.#listeners.size
  }

  find(uid: string): PodFacts | undefined {
    return this.#pods.get(uid)
  }

  all(): Iterable<PodFacts> {
    return this.#pods.values()
  }

  ownerOf(address: string): string | undefined {
    return this.owners.get(address)
  }

  health(): PodsHealth {
    return { state: this.state, known: this.#pods.size, staleMs: 0 }
  }

  watch(listener: PodListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** A pod is as it is said here from now on, and else as it was, or waits for the lock; that is told. */
  put(uid: string, facts: Partial<PodFacts> = {}): void {
    const before = this.#pods.get(uid)
    const pod = this.learn(uid, facts)
    for (const listener of this.#listeners) listener.changed(pod, before)
  }

  /** As {@link put}, and only the next list will tell. */
  learn(uid: string, facts: Partial<PodFacts> = {}): PodFacts {
    const pod = { ...(this.#pods.get(uid) ?? waitingPod(uid)), ...facts }
    this.#pods.set(uid, pod)
    return pod
  }

  /** A pod is there no more; that is told. */
  remove(uid: string): void {
    const pod = this.#pods.get(uid)
    if (pod === undefined) return
    this.#pods.delete(uid)
    for (const listener of this.#listeners) listener.gone(pod)
  }

  /** A pod is there no more, and only the next list will tell. */
  forget(uid: string): void {
    this.#pods.delete(uid)
  }

  /** All pods are known now; that is told. */
  sync(): void {
    this.state = 'connected'
    for (const listener of this.#listeners) listener.synced()
  }
}

/** A pod that is new, and whose init container waits. */
export function waitingPod(uid: string): PodFacts {
  return {
    uid,
    namespace: 'shop',
    name: uid,
    priority: 0,
    address: undefined,
    wait: { id: `containerd://${uid}-1`, isFinished: false, message: undefined },
    hasProbes: true,
    isStarted: false,
    isReady: false,
    isCrashing: false,
    isOver: false,
    containers: { total: 1, ready: 0, lacks: 'app: PodInitializing' },
  }
}

/** What makes of it a pod that is up; `start` counts its starts. */
export function up(uid: string, start = 1): Partial<PodFacts> {
  return {
    wait: { id: `containerd://${uid}-${start}`, isFinished: true, message: 'granted' },
    isStarted: true,
    isReady: true,
    isCrashing: false,
    containers: { total: 1, ready: 1, lacks: undefined },
  }
}

/** The same, whose init container has finished so many milliseconds from now, by the wall clock. */
export function upAt(uid: string, start: number, fromNowMs: number): Partial<PodFacts> {
  const facts = up(uid, start)
  return { ...facts, wait: { id: `containerd://${uid}-${start}`, isFinished: true, message: 'granted', finishedAt: Date.now() + fromNowMs } }
}
