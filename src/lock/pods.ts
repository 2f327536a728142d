import type { PodEvent } from './queue/events.ts'

/** What the lock needs to learn of the pods of its node; the port that `src/kube/` is to fill. */
export interface PodSource {
  /** What is known of a pod by now; undefined: nothing. */
  find(uid: string): PodFacts | undefined
  /** Tells of what happens to pods from now on; the returned function ends that. */
  watch(listener: (event: PodEvent) => void): () => void
}

/** What a pod is, as far as the lock cares. */
export interface PodFacts {
  readonly namespace: string
  readonly name: string
  /** `spec.priority` */
  readonly priority: number
}

/** Where there is no Kubernetes: a lease ends when it is given back, or by time. */
export const noPods: PodSource = { find: () => undefined, watch: () => () => {} }
