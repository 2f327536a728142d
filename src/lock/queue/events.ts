/** What happens to the queue. A uid is that of a pod. */
export type QueueEvent =
  | RequestEvent
  /** A request is over without an answer, or its answer was not delivered. Anonymous clients lose their place by it. */
  | { readonly kind: 'left'; readonly key: string }
  /** The answer that the lock is granted has left for the client. */
  | { readonly kind: 'delivered'; readonly key: string }
  /** The client wants its lease, or its place, no more. */
  | { readonly kind: 'given-back'; readonly key: string }
  | PodEvent
  /** A gate was found open or closed. */
  | { readonly kind: 'gate'; readonly name: string; readonly open: boolean; readonly reason: string }
  | LoadEvent
  /** What the starts of these pods need is known by now, or known no more; as {@link RequestEvent.reserve}. */
  | { readonly kind: 'learned'; readonly uids: readonly string[]; readonly reserve: number }
  /** Time has passed. */
  | { readonly kind: 'tick' }

/** Somebody asks for the lock. */
export interface RequestEvent {
  readonly kind: 'request'
  /** Undefined: an anonymous client. */
  readonly uid: string | undefined
  /** NAMESPACE/NAME, for people. */
  readonly pod: string | undefined
  /** The address that asks. */
  readonly peer: string
  /** As {@link Place.stale}; of the first request counts. */
  readonly stale?: string | undefined
  readonly weight: number
  /** The pod's, from a source that can be trusted. */
  readonly priority: number
  /** As {@link Place.reserve}, from a source that can be trusted; undefined: nothing is known of it. */
  readonly reserve?: number | undefined
  /** How long the lease may last; undefined: the default. */
  readonly leaseMs: number | undefined
  /** For how long the client will still wait, this time and next; undefined: not said. */
  readonly leftMs: number | undefined
  /** Whether the request is held until it is granted. */
  readonly waits: boolean
}

/** What Kubernetes says of a pod of this node. */
export type PodEvent =
  /** Its containers have been started; without probes, nobody will say that they are ready. */
  | { readonly kind: 'started'; readonly uid: string; readonly hasProbes: boolean }
  /** Its containers are ready. */
  | { readonly kind: 'ready'; readonly uid: string }
  /** One of its containers fails again and again, and Kubernetes waits before it starts it once more. */
  | { readonly kind: 'crashing'; readonly uid: string }
  /** It has ended, or was deleted. */
  | { readonly kind: 'gone'; readonly uid: string }

/** A reading of the node's CPUs. */
export interface LoadEvent {
  readonly kind: 'load'
  /** How many cores had no work, on the average of the window; 1.5 is possible. */
  readonly idleCores: number
  /** Percent of the window in which some task waited for a CPU; undefined where the kernel does not tell. */
  readonly pressure: number | undefined
  /** Milliseconds up to now of which the reading tells. */
  readonly windowMs: number
}
