import { KubeConfig } from '@kubernetes/client-node'

/** How the cluster in which this process runs is reached: by the pod's own service account. */
export function inCluster(): KubeConfig {
  const config = new KubeConfig()
  config.loadFromCluster()
  return config
}
