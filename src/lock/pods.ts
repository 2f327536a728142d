import type { DaemonPod } from '../node-health/daemon-pod.ts'
import type { PodGate } from './depends-on/pod-gate.ts'
import type { Workload } from './learning/workload.ts'

/** What the lock learns of the pods of its node, and from whom. */
export interface PodSource {
  /** What is known of a pod; undefined: nothing. */
  find(uid: string): PodFacts | undefined
  /** The pods that are known. */
  all(): Iterable<PodFacts>
  /** The uid of the pod whose address this is, by a status of this start; undefined: that is not known. */
  ownerOf(address: string): string | undefined
  /** How much that is worth now. */
  health(): PodsHealth
  /** Tells of what happens to pods from now on; the returned function ends that. */
  watch(listener: PodListener): () => void
}

/** What is told of pods. */
export interface PodListener {
  /** A pod is new, or is not what it was; `before` is undefined for a new one. */
  readonly changed: (pod: PodFacts, before: PodFacts | undefined) => void
  /** A pod is there no more. */
  readonly gone: (pod: PodFacts) => void
  /** All pods of the node are known now, and there are no others. */
  readonly synced: () => void
}

/** How much what is known of the pods is worth. */
export interface PodsHealth {
  /**
   * `none`: there is no Kubernetes; `starting`: the pods are not known yet; `connected`; `lost`: what was known last
   * stays, and nothing new comes.
   */
  readonly state: 'none' | 'starting' | 'connected' | 'lost'
  /** How many pods are known. */
  readonly known: number
  /** Milliseconds since the API server was last heard; 0 where there is none. */
  readonly staleMs: number
}

/** What a pod is, as far as the lock cares. */
export interface PodFacts {
  readonly uid: string
  readonly namespace: string
  readonly name: string
  /** `spec.priority` */
  readonly priority: number
  /** Its address, where that is its own and not the node's. */
  readonly address: string | undefined
  /** The container of the pod's init container `usher-lock`, as the status shows it; undefined: none. */
  readonly wait: WaitContainer | undefined
  /** Whether a readiness or startup probe says when it is up: of a regular container, or of a native sidecar. */
  readonly hasProbes: boolean
  /** All its regular containers have been started. */
  readonly isStarted: boolean
  /** Its condition ContainersReady. */
  readonly isReady: boolean
  /** A container of it is in CrashLoopBackOff. */
  readonly isCrashing: boolean
  /** It has finished or failed, or is being deleted. */
  readonly isOver: boolean
  /** Regular containers and native sidecars, how many of them are ready, and what the first other one lacks. */
  readonly containers: { readonly total: number; readonly ready: number; readonly lacks: string | undefined }
  /** What a gate wants to know of it; only where a DaemonSet is its controller. */
  readonly daemon?: DaemonPod
  /** What it has in common with others of its kind; not there where nothing says so. */
  readonly workload?: Workload
  /** What it waits for before it queues for the lock; not there where that is nothing. */
  readonly gate?: PodGate
}

/** A container that waits for the lock, or has. */
export interface WaitContainer {
  /** Names the container of one start; another start has another. */
  readonly id: string
  readonly isFinished: boolean
  /** When it has finished, in milliseconds since 1970 by the node's clock; not there where that is not known. */
  readonly finishedAt?: number
  /** What it has left for people as its last words. */
  readonly message: string | undefined
}

/** Where there is no Kubernetes: a lease ends when it is given back, or by time. */
export const noPods: PodSource = {
  find: () => undefined,
  all: () => [],
  ownerOf: () => undefined,
  health: () => ({ state: 'none', known: 0, staleMs: 0 }),
  watch: () => () => {},
}

/** In place of the container of an earlier start, of a pod of which nothing was known when it asked. */
export const unknownStart = 'unknown'
