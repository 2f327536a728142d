/** What a process of watches watches. */
export type WatchTask =
  /** As locks do: usher's own code, a list and a watch for each. */
  | { readonly kind: 'locks'; readonly locks: readonly { readonly node: string; readonly kubeconfig: string }[] }
  /** Watches and nothing else, each of which goes on from a version; what comes is not read. */
  | {
      readonly kind: 'streams'
      readonly kubeconfig: string
      readonly path: string
      readonly accept: string
      readonly fieldSelectors: readonly string[]
      readonly resourceVersion: string
    }
  /** Locks that all have as much to tell as a node's pods, from now on. */
  | { readonly kind: 'events'; readonly namespace: string; readonly pods: number; readonly locks: readonly { readonly node: string; readonly kubeconfig: string }[] }

/** What is asked of it. */
export type WatchAsk = 'open' | 'report'

/** What it answers. */
export type WatchAnswer =
  /** It has read its task. */
  | { readonly kind: 'ready' }
  /** All watches go on: of locks, after their lists. */
  | { readonly kind: 'opened' }
  | { readonly kind: 'report'; readonly report: WatchReport }

/** What has happened since the report before. Times are of the machine's clock, in ms. */
export interface WatchReport {
  /** When each change was known, by its version. */
  readonly heardAt: readonly (readonly [version: string, ms: number])[]
  /** When lists were known. */
  readonly syncedAt: readonly number[]
  /** When each watch was heard last. */
  readonly lastHeardAt: readonly number[]
  /** How often one was told to be lost, and why, shortened. */
  readonly lost: readonly string[]
  /** Answers to Events, by kind. */
  readonly answers: Readonly<Record<string, number>>
  /** How long each answer took, in ms. */
  readonly tookMs: readonly number[]
  /** CPU time of the process so far. */
  readonly cpuSeconds: number
}
