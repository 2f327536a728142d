import type { Logger } from 'pino'
import { collectionKey } from '../depends-on/collections.ts'
import { observe } from '../depends-on/observe.ts'
import { systemClock } from '../lock/clock.ts'
import { announceGate } from '../lock/depends-on/announce-gate.ts'
import { DependencyGate } from '../lock/depends-on/dependency-gate.ts'
import type { KeptGated } from '../lock/depends-on/gated-pod.ts'
import { SharedWatches } from '../lock/depends-on/shared-watches.ts'
import type { LockMetrics } from '../lock/metrics.ts'
import type { LockService } from '../lock/service.ts'
import type { LockCluster } from './lock-options.ts'

/** What the gate of a lock is made of. */
export interface LockGateOptions {
  readonly cluster: LockCluster | undefined
  readonly kept: readonly KeptGated[]
  readonly metrics: LockMetrics
  readonly log: Logger
}

/** Makes the gate of a service, that holds pods until what they depend on is healthy. */
export type MakeGate = (service: LockService) => DependencyGate

/** Prepares the gate of a lock; undefined where there is no cluster, or nothing of it is to be known. */
export async function openLockGate({ cluster, kept, metrics, log }: LockGateOptions): Promise<MakeGate | undefined> {
  if (cluster === undefined) return undefined
  const [{ clusterOf }, { watchCollection }] = await Promise.all([import('../kube/cluster.ts'), import('../kube/collections.ts')])
  const config = clusterOf(cluster.kubeconfig)
  return (service) => {
    const watches = new SharedWatches({
      source: { watch: (collection, listener) => watchCollection({ config, collection, pick: (object) => observe(collection.resource, object) }, listener) },
      clock: systemClock,
      failed(collection, isDenied, error) {
        const what = isDenied ? 'the lock has no right to see what a pod depends on: the pod goes on without' : 'the API server does not tell of what a pod depends on'
        log.warn({ watch: collectionKey(collection), err: error }, what)
      },
    })
    const gate = new DependencyGate({ service, pods: service.pods, watches, clock: systemClock, kept })
    announceGate(gate, { service, metrics, log })
    metrics.watchGate(gate, watches)
    return gate
  }
}
