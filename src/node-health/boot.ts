import { uptime } from 'node:os'
import type { DaemonPod } from './daemon-pod.ts'

/** What tells a status of this boot of the node from one of before it, which Kubernetes goes on showing for a while. */
export interface BootEvidence {
  isOfThisBoot(pod: DaemonPod): boolean
}

/** Two clocks of the node, read at the same time; in milliseconds. */
export interface NodeClocks {
  /** Since 1970, as somebody has set it. */
  readonly wallMs: number
  /** Since the boot. */
  readonly uptimeMs: number
}

/** Those of this machine: a container has its node's, and so has a time namespace's. */
export function readClocks(): NodeClocks {
  return { wallMs: Date.now(), uptimeMs: uptime() * 1_000 }
}

/** A part of this boot in which the wall clock was not set: from the boot, by that clock, to the last time it was read. */
interface Span {
  readonly bootMs: number
  endMs: number
}

interface Sight {
  readonly ids: readonly string[]
  readonly uptimeMs: number
}

// Less is no step: the clocks are read one after the other, and a leap second may come between.
const stepMs = 1_500
// A status has whole seconds, rounded down; and see above.
const toleranceMs = 2_500
// A clock that is set again and again.
const mostSpans = 16

/**
 * A status that has not changed for so long is not about to be replaced: the kubelet writes each pod's within seconds of
 * its start. Only where a clock was set before anybody watched does it come to that.
 */
export const settledMs = 5 * 60_000

/**
 * Tells by what a status says of its containers: that each has been started since the boot, or is another one than those
 * that were seen first.
 *
 * Starting times are those of the wall clock, and that may be set meanwhile, as on machines whose clock does not run
 * while they are off. So a time counts by what the clock was when it was taken: within a span of this boot.
 */
export class Boot implements BootEvidence {
  readonly #read: () => NodeClocks
  readonly #isSettled: boolean
  readonly #spans: Span[] = []
  readonly #seen = new Map<string, Sight>()

  /**
   * @param isSettled whether what is seen first is of this boot anyway, as where a lock of this boot has been here before:
   * then no clock that was set since can say otherwise.
   */
  constructor(read: () => NodeClocks = readClocks, isSettled = false) {
    this.#read = read
    this.#isSettled = isSettled
    this.#readClocks()
  }

  /** Sees the pods as they are now; to be called with each change, and again before anything is judged. */
  note(pods: Iterable<DaemonPod>): void {
    const { uptimeMs } = this.#readClocks()
    const uids = new Set<string>()
    for (const { uid, containers } of pods) {
      uids.add(uid)
      if (!this.#seen.has(uid)) this.#seen.set(uid, { ids: containers.map(({ id }) => id), uptimeMs })
    }
    for (const uid of this.#seen.keys()) if (!uids.has(uid)) this.#seen.delete(uid)
  }

  isOfThisBoot({ uid, containers }: DaemonPod): boolean {
    const first = this.#seen.get(uid)
    if (containers.length === 0 || first === undefined) return false
    if (this.#isSettled || this.#read().uptimeMs - first.uptimeMs >= settledMs) return true
    return containers.every(({ id, startedAt }) => (id !== '' && !first.ids.includes(id)) || (startedAt !== undefined && this.#isOfSpan(startedAt)))
  }

  #isOfSpan(time: number): boolean {
    return this.#spans.some(({ bootMs, endMs }) => time >= bootMs - toleranceMs && time <= endMs + toleranceMs)
  }

  #readClocks(): NodeClocks {
    const clocks = this.#read()
    const bootMs = clocks.wallMs - clocks.uptimeMs
    const last = this.#spans.at(-1)
    if (last !== undefined && Math.abs(last.bootMs - bootMs) <= stepMs) {
      last.endMs = last.bootMs + clocks.uptimeMs
      return clocks
    }
    // When it was set is not known: until now at the latest.
    if (last !== undefined) last.endMs = last.bootMs + clocks.uptimeMs
    this.#spans.push({ bootMs, endMs: clocks.wallMs })
    if (this.#spans.length > mostSpans) this.#spans.shift()
    return clocks
  }
}
