import type { Logger } from 'pino'
import type { Cluster } from '../kube/cluster.ts'
import type { WatchListener } from '../kube/watch-health.ts'
import type { ClusterOptions } from './webhook-options.ts'

/** The parts of `src/kube/`; loaded only where there is a cluster, because the client library is large. */
export type Kube = Awaited<ReturnType<typeof loadKube>>

/** A cluster, and our own namespace in it. */
export interface JoinedCluster {
  readonly kube: Kube
  readonly cluster: Cluster
  readonly namespace: string
}

/** Reaches a cluster; asks it nothing yet. */
export async function joinCluster({ kubeconfig, namespace }: ClusterOptions): Promise<JoinedCluster> {
  const kube = await loadKube()
  return { kube, cluster: kube.clusterOf(kubeconfig), namespace }
}

/** What is logged of a watch. */
export function listenerFor(watch: string, log: Logger): WatchListener {
  return {
    lost: (error) => log.warn({ watch, err: error }, 'a watch is lost; what was known stays for a while'),
    back: () => log.info({ watch }, 'a watch is back'),
  }
}

async function loadKube() {
  const [access, clock, events, lock, namespaces, version, secret, configuration] = await Promise.all([
    import('../kube/cluster.ts'),
    import('../kube/clock.ts'),
    import('../kube/events.ts'),
    import('../kube/lock-health.ts'),
    import('../kube/namespaces.ts'),
    import('../kube/server-version.ts'),
    import('../kube/secret.ts'),
    import('../kube/webhook-configuration.ts'),
  ])
  return { ...access, ...clock, ...events, ...lock, ...namespaces, ...version, ...secret, ...configuration }
}
