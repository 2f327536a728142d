import type { Logger } from 'pino'
import type { Registry } from 'prom-client'
import { systemClock } from '../lock/clock.ts'
import { buildDaemonSetMetrics } from '../lock/gates/daemon-sets-metrics.ts'
import { watchDaemonSetGate } from '../lock/gates/watch-daemon-sets.ts'
import type { LockService } from '../lock/service.ts'
import { Boot, readClocks } from '../node-health/boot.ts'
import { DaemonSetHealth } from '../node-health/daemon-set-health.ts'
import type { DaemonSetFilter } from '../node-health/filter.ts'
import { type Flag, type FlagValues, UsageError } from './command.ts'
import { readLabels } from './label-flags.ts'
import type { LockCluster } from './lock-options.ts'
import type { Environment } from './settings-reader.ts'

/** Which DaemonSets the lock waits for. */
export interface DaemonSetGate {
  readonly filter: DaemonSetFilter
  /** The uid of the lock's own pod, where that is known. */
  readonly ownPod: string | undefined
}

/** The flags of the gate; k8s-health's, by longer names. */
export const daemonSetFlags: Readonly<Record<string, Flag>> = {
  daemonsets: { type: 'boolean', help: 'grant nothing until each DaemonSet that must run on the node has a pod there that is ready since the boot' },
  'daemonsets-namespace': { type: 'string', value: 'NAME', help: 'of this namespace alone' },
  'daemonsets-host-net': { type: 'boolean', help: "on the host's network alone" },
  'daemonsets-in': { type: 'string', value: 'LABEL:VALUE', multiple: true, help: 'with all of these labels' },
  'daemonsets-ex': { type: 'string', value: 'LABEL:VALUE', multiple: true, help: 'with none of these labels; not with --daemonsets-in' },
}

/**
 * Reads {@link daemonSetFlags}; undefined: there is no such gate.
 *
 * @throws {UsageError}
 */
export function readDaemonSetGate(values: FlagValues, environment: Environment, cluster: LockCluster | undefined): DaemonSetGate | undefined {
  const others = Object.keys(daemonSetFlags).filter((name) => name !== 'daemonsets' && values.isGiven(name))
  if (!values.isOn('daemonsets')) {
    if (others[0] !== undefined) throw new UsageError(`--${others[0]}: it says nothing without --daemonsets`)
    return undefined
  }
  if (cluster === undefined) throw new UsageError('--daemonsets: --node must say which node this is, and --kubeconfig of which cluster, or it must run there')
  const include = readLabels('--daemonsets-in', values.texts('daemonsets-in'))
  const exclude = readLabels('--daemonsets-ex', values.texts('daemonsets-ex'))
  if (include.length > 0 && exclude.length > 0) throw new UsageError('--daemonsets-in and --daemonsets-ex cannot be used together')
  return {
    filter: { namespace: values.text('daemonsets-namespace') || undefined, hostNetwork: values.isOn('daemonsets-host-net'), include, exclude },
    ownPod: environment['POD_UID'] || undefined,
  }
}

/**
 * Prepares the gate of a lock; the function that is given back begins to watch it, and gives back its end.
 *
 * @param isSameBoot whether the state of a lock of the same boot was found.
 */
export async function openDaemonSetGate(
  gate: DaemonSetGate | undefined,
  cluster: LockCluster | undefined,
  isSameBoot: boolean,
  registry: Registry,
  log: Logger,
): Promise<(service: LockService) => () => void> {
  if (gate === undefined || cluster === undefined) return () => () => {}
  const [{ clusterOf }, { nodeSourceOf }] = await Promise.all([import('../kube/cluster.ts'), import('../kube/daemon-sets.ts')])
  const { filter, ownPod } = gate
  const source = nodeSourceOf({ config: clusterOf(cluster.kubeconfig), node: cluster.node, namespace: filter.namespace })
  const health = new DaemonSetHealth({ filter, boot: new Boot(readClocks, isSameBoot), ownPod })
  const metrics = buildDaemonSetMetrics(registry)
  return (service) =>
    watchDaemonSetGate({ source, health, pods: service.pods, clock: systemClock, metrics, log }, (name, open, reason) => service.setGate(name, open, reason))
}
