import type { KubeConfig } from '@kubernetes/client-node'
import type { Clock } from '../units/clock.ts'
import { isObject, type Json, type JsonObject } from '../units/json.ts'
import { startListWatch } from './list-watch.ts'
import type { WatchHealth, WatchListener } from './watch-health.ts'

/** What is kept of a namespace. */
export interface NamespaceLabels {
  readonly labels: JsonObject
  readonly annotations: JsonObject
}

/** What is known of the cluster's namespaces. */
export interface Namespaces extends WatchHealth {
  /** Undefined while the namespace is not known, or what is known of it is old. Waits for nothing. */
  labelsOf(name: string): NamespaceLabels | undefined
}

/** Which namespaces, and what of them. */
export interface NamespacesOptions {
  readonly config: KubeConfig
  /** Which labels and annotations are kept; the others can be long (last-applied manifests). */
  readonly isKept: (key: string) => boolean
  readonly clock?: Clock
}

// Three minutes and a half may pass while all is well: a silence of 150 s, a request without an answer for 30 s, and a
// wait of 30 s. Beyond that nobody knows what has changed, and the API server's own selectors are newer than we are.
export const namespacesStaleMs = 5 * 60_000

/** Watches the labels and annotations of all namespaces. */
export function watchNamespaces({ config, isKept, clock }: NamespacesOptions, listener: WatchListener): Namespaces {
  let failed = false
  const watch = startListWatch<NamespaceLabels>(
    {
      config,
      path: '/api/v1/namespaces',
      pick: ({ metadata }) => ({ labels: kept(metadata, 'labels'), annotations: kept(metadata, 'annotations') }),
      ...(clock === undefined ? {} : { clock }),
    },
    {
      failed(error) {
        failed = true
        listener.lost(error)
      },
      recovered: listener.back,
    },
  )
  function kept(metadata: Json | undefined, field: string): JsonObject {
    const all = isObject(metadata) ? metadata[field] : undefined
    if (!isObject(all)) return {}
    return Object.fromEntries(Object.entries(all).filter(([key]) => isKept(key)))
  }

  return {
    labelsOf: (name) => (watch.synced && watch.staleMs() <= namespacesStaleMs ? watch.get(name) : undefined),
    isTried: () => watch.synced || failed,
    staleMs: () => watch.staleMs(),
    stop: () => watch.stop(),
  }
}
