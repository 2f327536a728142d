import type { KubeConfig } from '@kubernetes/client-node'
import type { Clock } from '../units/clock.ts'
import type { JsonObject } from '../units/json.ts'
import { startListWatch } from './list-watch.ts'
import type { WatchListener } from './watch-health.ts'

/** Which pods are watched, and what is kept of them. */
export interface NodePodsOptions<T> {
  readonly config: KubeConfig
  readonly node: string
  /** Undefined: it is as if it were not there. */
  readonly pick: (pod: JsonObject) => T | undefined
  readonly clock?: Clock
}

/** What is told of them. */
export interface NodePodsListener<T> extends WatchListener {
  /** A pod is new, or what is kept of it is not what it was. */
  readonly put: (pod: T) => void
  readonly removed: (pod: T) => void
  /** After each list. */
  readonly synced: () => void
}

/** The watch of a node's pods. */
export interface NodePodsWatch {
  /** Milliseconds since the API server was last heard; before that, since the start. */
  staleMs(): number
  /** Lists anew at once, where nothing was heard for so many milliseconds: a watch may be dead and not look so. */
  refresh(ifSilentMs: number): void
  stop(): void
}

/** Watches the pods that are bound to a node. Of what the API server has in memory it has an index by node. */
export function watchNodePods<T>({ config, node, pick, clock }: NodePodsOptions<T>, listener: NodePodsListener<T>): NodePodsWatch {
  const watch = startListWatch<T>(
    {
      config,
      path: '/api/v1/pods',
      fieldSelector: `spec.nodeName=${node}`,
      pick,
      fromCache: true,
      ...(clock === undefined ? {} : { clock }),
    },
    {
      added: (_key, pod) => listener.put(pod),
      changed: (_key, pod) => listener.put(pod),
      gone: (_key, pod) => listener.removed(pod),
      synced: listener.synced,
      failed: listener.lost,
      recovered: listener.back,
    },
  )
  return {
    staleMs: () => watch.staleMs(),
    refresh(ifSilentMs) {
      if (watch.staleMs() >= ifSilentMs) watch.relist()
    },
    stop: () => watch.stop(),
  }
}
