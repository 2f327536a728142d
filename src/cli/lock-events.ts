import type { Logger } from 'pino'
import { systemClock } from '../lock/clock.ts'
import type { DependencyGate } from '../lock/depends-on/dependency-gate.ts'
import type { LockMetrics } from '../lock/metrics.ts'
import { makePodEvents } from '../lock/pod-events/pod-events.ts'
import type { EventSink } from '../lock/pod-events/sink.ts'
import type { LockService } from '../lock/service.ts'
import type { LockCluster } from './lock-options.ts'

/** What Events of a lock need. */
export interface LockEventsParts {
  readonly cluster: LockCluster | undefined
  /** Whether Events are made of what happens. */
  readonly isOn: boolean
  readonly metrics: LockMetrics
  readonly log: Logger
}

/** Prepares to tell the pods of the node how they fare; the function that is given back begins, and gives back its end. */
export async function openLockEvents({ cluster, isOn, metrics, log }: LockEventsParts): Promise<(service: LockService, gate?: DependencyGate) => () => void> {
  if (cluster === undefined) return () => () => {}
  const sink = isOn ? await openSink(cluster) : undefined
  return (service, gate) => makePodEvents({ service, gate, sink, clock: systemClock, date: Date.now, metrics, log })
}

async function openSink({ node, kubeconfig }: LockCluster): Promise<EventSink> {
  const [{ clusterOf }, { podEventsOf }] = await Promise.all([import('../kube/cluster.ts'), import('../kube/pod-events.ts')])
  return podEventsOf(clusterOf(kubeconfig), 'usher-lock', node)
}
