import type { Logger } from 'pino'
import type { DecisionContext } from '../inject/context.ts'
import { isNamespaceKey } from '../inject/namespace-keys.ts'
import type { WatchHealth } from '../kube/watch-health.ts'
import type { KubeVersion } from '../units/kube-version.ts'
import type { ClusterMetrics } from '../webhook/cluster-metrics.ts'
import { type JoinedCluster, listenerFor } from './join-cluster.ts'
import { runBreaker } from './lock-breaker.ts'
import type { WebhookCommandOptions } from './webhook-options.ts'

/** What is known of the cluster at this moment. Waits for nothing. */
export interface ClusterFacts {
  contextOf(namespace: string): DecisionContext
  /** Why reviews had better go to another replica; undefined: they are welcome. */
  notReady(): string | undefined
  stop(): void
}

/** What is known without any cluster: what the flags say. */
export function factsWithoutCluster({ config, kubeVersion }: WebhookCommandOptions, log: Logger): ClusterFacts {
  if (kubeVersion === undefined) {
    log.warn('no --kube-version and no cluster to ask: containers get no native nap (kube-version-unknown)')
  }
  return {
    contextOf: (name) => ({ config, namespace: { name }, kubeVersion, lockAvailable: true }),
    notReady: () => undefined,
    stop() {},
  }
}

/** Watches the cluster: its version, its namespaces, and whether locks are available. */
export function watchCluster(
  joined: JoinedCluster,
  options: WebhookCommandOptions,
  metrics: ClusterMetrics,
  log: Logger,
): ClusterFacts {
  const { kube, cluster } = joined
  const { config, lockDaemonSet } = options
  let { kubeVersion } = options
  const stops: (() => void)[] = []
  if (kubeVersion === undefined) stops.push(watchVersion(joined, (version) => (kubeVersion = version), log))

  const namespaces = kube.watchNamespaces({ config: cluster, isKept: isNamespaceKey }, listenerFor('namespaces', log))
  keep('namespaces', namespaces)
  const { image } = config.lock
  const breaker =
    lockDaemonSet === undefined ? undefined : runBreaker({ joined, daemonSet: lockDaemonSet, image, metrics, log, keep })
  if (breaker !== undefined) stops.push(() => breaker.stop())

  function keep(name: string, watch: WatchHealth): void {
    metrics.watch(name, () => watch.staleMs())
    stops.push(() => watch.stop())
  }
  return {
    contextOf: (name) => ({
      config,
      namespace: { name, ...namespaces.labelsOf(name) },
      kubeVersion,
      lockAvailable: breaker === undefined || breaker.isLockAvailable(),
    }),
    // A namespace in audit mode is only known from the list. Where that fails, all goes on without.
    notReady: () => (namespaces.isTried() ? undefined : 'the namespaces are not known yet'),
    stop() {
      for (const stop of stops) stop()
    },
  }
}

function watchVersion({ kube, cluster }: JoinedCluster, known: (version: KubeVersion) => void, log: Logger): () => void {
  return kube.watchServerVersion(cluster, {
    known(version) {
      log.info({ kubeVersion: version }, 'version of the API server')
      known(version)
    },
    failed: (error) => log.warn({ err: error }, 'the API server does not say its version'),
  })
}
