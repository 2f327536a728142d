import type { PodFacts, PodListener, PodsHealth, PodSource } from './pods.ts'

/**
 * The pods of this node, as a watch tells of them.
 *
 * Which address is whose is only known by a status of this start: after a reboot Kubernetes goes on showing the old
 * addresses for a while, and the node gives them to other pods. So an address counts when it was seen to change, or to
 * be new; and those of the first list only where `isSameBoot` says that the node has not been booted since somebody
 * knew them.
 */
export class NodePods implements PodSource {
  readonly #pods = new Map<string, PodFacts>()
  readonly #owners = new Map<string, string>()
  readonly #listeners = new Set<PodListener>()
  readonly #isSameBoot: boolean
  readonly #staleMs: () => number
  #isSynced = false
  #isLost = false

  /** @param staleMs milliseconds since the API server was last heard. */
  constructor(isSameBoot: boolean, staleMs: () => number) {
    this.#isSameBoot = isSameBoot
    this.#staleMs = staleMs
  }

  find(uid: string): PodFacts | undefined {
    return this.#pods.get(uid)
  }

  all(): Iterable<PodFacts> {
    return this.#pods.values()
  }

  ownerOf(address: string): string | undefined {
    return this.#owners.get(address)
  }

  health(): PodsHealth {
    const heard = this.#isLost ? 'lost' : 'connected'
    return { state: this.#isSynced ? heard : 'starting', known: this.#pods.size, staleMs: this.#staleMs() }
  }

  watch(listener: PodListener): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  /** A pod is new, or is not what it was. */
  put(pod: PodFacts): void {
    const before = this.#pods.get(pod.uid)
    this.#pods.set(pod.uid, pod)
    this.#noteAddress(pod, before)
    for (const listener of this.#listeners) listener.changed(pod, before)
  }

  /** A pod is there no more. */
  remove(uid: string): void {
    const before = this.#pods.get(uid)
    if (before === undefined) return
    this.#pods.delete(uid)
    this.#forgetAddress(before)
    for (const listener of this.#listeners) listener.gone(before)
  }

  /** All pods are known. */
  synced(): void {
    this.#isSynced = true
    for (const listener of this.#listeners) listener.synced()
  }

  /** Nothing is heard any more, until it is {@link back}: what comes before that is no sign that more will. */
  lost(): void {
    this.#isLost = true
  }

  /** All goes well again. */
  back(): void {
    this.#isLost = false
  }

  #noteAddress(pod: PodFacts, before: PodFacts | undefined): void {
    const address = addressOf(pod)
    if (before !== undefined && addressOf(before) === address) return
    if (before !== undefined) this.#forgetAddress(before)
    if (address === undefined) return
    const counts = before !== undefined || this.#isSynced || this.#isSameBoot
    if (counts) this.#owners.set(address, pod.uid)
  }

  #forgetAddress(pod: PodFacts): void {
    const address = addressOf(pod)
    if (address !== undefined && this.#owners.get(address) === pod.uid) this.#owners.delete(address)
  }
}

/** What has ended has no address, whatever its status shows. */
function addressOf({ address, isOver }: PodFacts): string | undefined {
  return isOver ? undefined : address
}
