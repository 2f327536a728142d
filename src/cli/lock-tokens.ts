import type { Logger } from 'pino'
import type { TokenCheck } from '../lock/askers.ts'
import type { LockMetrics } from '../lock/metrics.ts'
import { listenerFor } from './join-cluster.ts'
import type { LockCluster } from './lock-options.ts'

/** What tokens are looked at with, and what ends that. */
export interface LockTokens {
  readonly tokens: TokenCheck | undefined
  readonly stop: () => void
}

/** Keeps the API server's keys at hand, where a uid has to be proved by a token for this audience. */
export async function openLockTokens(
  cluster: LockCluster | undefined,
  audience: string | undefined,
  metrics: LockMetrics,
  log: Logger,
): Promise<LockTokens> {
  if (cluster === undefined || audience === undefined) {
    if (audience !== undefined) log.warn('--token-audience: there is no cluster whose keys tokens could be verified with; none is needed')
    return { tokens: undefined, stop() {} }
  }
  const [{ clusterOf }, { watchServiceAccountKeys }] = await Promise.all([import('../kube/cluster.ts'), import('../kube/service-account-keys.ts')])
  const config = clusterOf(cluster.kubeconfig)
  const keys = watchServiceAccountKeys({ config }, listenerFor('service-account-keys', log))
  return {
    tokens: { audience, keys, wallNow: Date.now, refused: (reason) => metrics.tokenRefused(reason) },
    stop: () => keys.stop(),
  }
}
