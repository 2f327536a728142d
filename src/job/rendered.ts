import type { JsonObject } from '../units/json.ts'

/** What of a cluster steers which objects a job becomes. */
export interface RenderOptions {
  readonly namespace: string
  /** Of the API server; undefined: the newest that is known. */
  readonly minor?: number
  /** The image that has `usher-probe`, for checks of exactly 200. */
  readonly waitImage: string
  /** A class of volumes that many nodes may write at once. */
  readonly sharedStorageClass?: string
  /** `namespace/name` of a Gateway; else an Ingress is made. */
  readonly gateway?: string
  readonly ingressClass?: string
  /** `<job>.<domain>` is an alias of the ingress's host. */
  readonly domain?: string
  /** Of the proxy before the first port of a job that has one. */
  readonly envoyImage?: string
}

/** The objects of a job, in the order in which they are put in: the workload last. */
export interface Rendered {
  readonly objects: readonly JsonObject[]
  /** One of the objects. */
  readonly workload: JsonObject
  /** Sentences for people: what behaves otherwise than one might think. */
  readonly warnings: readonly string[]
}
