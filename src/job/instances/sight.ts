import type { LockPlace } from './lock-place.ts'

/** How an instance is. `Unhealthy`: it was ready, and is not; or a container of it ends again and again. */
export type InstanceState = 'Pending' | 'Gated' | 'Queued' | 'Starting' | 'Healthy' | 'Unhealthy' | 'Ending' | 'Done' | 'Failed'

/** How an instance is, and why. */
export interface Sight {
  readonly state: InstanceState
  /** For people, short: `Queued for the lock #3`, `Starting: ImagePullBackOff`. */
  readonly label: string
  /** A word for machines: the kubelet's or the scheduler's reason where there is one, else ours; empty where all is well. */
  readonly reason: string
  /** Why it is so, in a sentence without its end. */
  readonly why: string
  /** Since when, in milliseconds since 1970; 0: not known. */
  readonly sinceMs: number
  /** Whether something is wrong, rather than takes its time. */
  readonly isTrouble: boolean
  /** The container that it is about, where it is one. */
  readonly container?: string
}

/** What is known of a pod beside what the API server has of it. */
export interface InstanceSources {
  /** By the clock of the API server; milliseconds since 1970. */
  readonly nowMs: number
  /** Where the lock of its node says it stands; undefined: it was not asked, or does not know the pod. */
  readonly lock?: LockPlace | undefined
  /** What its `usher-lock` has logged last, where that is known. */
  readonly lastLine?: string | undefined
}
