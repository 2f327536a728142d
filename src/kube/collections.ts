import type { KubeConfig } from '@kubernetes/client-node'
import type { Clock } from '../units/clock.ts'
import type { JsonObject } from '../units/json.ts'
import { isDenied } from './daemon-sets.ts'
import { startListWatch } from './list-watch.ts'

/** Which objects are watched: of one kind, by their name or a label. */
export interface WatchedCollection {
  readonly resource: 'endpointslices' | 'deployments' | 'statefulsets' | 'daemonsets' | 'jobs'
  /** Undefined: those of all namespaces. */
  readonly namespace: string | undefined
  readonly selector: { readonly name: string } | { readonly label: string; readonly value: string }
}

/** What is watched, and what is kept of it. */
export interface CollectionOptions<T> {
  readonly config: KubeConfig
  readonly collection: WatchedCollection
  /** Undefined: it is as if it were not there. */
  readonly pick: (object: JsonObject) => T | undefined
  readonly clock?: Clock
}

/** What is told of a collection. Keys are `namespace/name`. */
export interface CollectionListener<T> {
  /** An object is new, or what is kept of it is not what it was. */
  put(key: string, object: T): void
  removed(key: string): void
  /** After each list. */
  synced(): void
  /** The first failure in a row. */
  failed(isDenied: boolean, error: unknown): void
  /** It goes well again. */
  back(): void
}

const groups: Readonly<Record<WatchedCollection['resource'], string>> = {
  endpointslices: 'discovery.k8s.io/v1',
  deployments: 'apps/v1',
  statefulsets: 'apps/v1',
  daemonsets: 'apps/v1',
  jobs: 'batch/v1',
}

/**
 * Watches a few objects, until the returned function is called. They come out of the API server's memory: etcd hears
 * nothing of it, however many nodes want to know of the same.
 */
export function watchCollection<T>({ config, collection, pick, clock }: CollectionOptions<T>, listener: CollectionListener<T>): () => void {
  const { resource, namespace, selector } = collection
  const within = namespace === undefined ? '' : `namespaces/${encodeURIComponent(namespace)}/`
  const watch = startListWatch<T>(
    {
      config,
      path: `/apis/${groups[resource]}/${within}${resource}`,
      ...('name' in selector ? { fieldSelector: `metadata.name=${selector.name}` } : { labelSelector: `${selector.label}=${selector.value}` }),
      pick,
      fromCache: true,
      ...(clock === undefined ? {} : { clock }),
    },
    {
      added: (key, object) => listener.put(key, object),
      changed: (key, object) => listener.put(key, object),
      gone: (key) => listener.removed(key),
      synced: () => listener.synced(),
      failed: (error) => listener.failed(isDenied(error), error),
      recovered: () => listener.back(),
    },
  )
  return () => watch.stop()
}
