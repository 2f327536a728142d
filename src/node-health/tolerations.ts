import type { DaemonSetFacts, Toleration } from './daemon-set.ts'
import type { Taint } from './node.ts'
import { wholeOf } from './node-affinity.ts'

/** The tolerations of a DaemonSet's pods: its own, and those that its controller adds to every one. */
export function tolerationsOf({ tolerations, hostNetwork }: Pick<DaemonSetFacts, 'tolerations' | 'hostNetwork'>): readonly Toleration[] {
  return [...tolerations, ...added, ...(hostNetwork ? addedOnHostNetwork : [])]
}

// AddOrUpdateDaemonPodTolerations in pkg/controller/daemon/util/daemonset_util.go of Kubernetes.
const added = [
  exists('not-ready', 'NoExecute'),
  exists('unreachable', 'NoExecute'),
  exists('disk-pressure', 'NoSchedule'),
  exists('memory-pressure', 'NoSchedule'),
  exists('pid-pressure', 'NoSchedule'),
  exists('unschedulable', 'NoSchedule'),
]
const addedOnHostNetwork = [exists('network-unavailable', 'NoSchedule')]

function exists(name: string, effect: string): Toleration {
  return { key: `node.kubernetes.io/${name}`, operator: 'Exists', value: '', effect }
}

/** Whether each taint of these effects is tolerated. */
export function tolerates(tolerations: readonly Toleration[], taints: readonly Taint[], effects: readonly string[]): boolean {
  return taints.every((taint) => !effects.includes(taint.effect) || tolerations.some((toleration) => toleratesOne(toleration, taint)))
}

/** As `ToleratesTaint` has it. Where the API server knows no Gt and Lt (KEP-5471), it has let nobody write them. */
function toleratesOne({ key, operator, value, effect }: Toleration, taint: Taint): boolean {
  if (effect !== '' && effect !== taint.effect) return false
  if (key !== '' && key !== taint.key) return false
  switch (operator) {
    case '':
    case 'Equal':
      return value === taint.value
    case 'Exists':
      return true
    case 'Gt':
    case 'Lt': {
      const [bound, is] = [wholeOf(value), wholeOf(taint.value)]
      if (bound === undefined || is === undefined) return false
      return operator === 'Gt' ? is > bound : is < bound
    }
    default:
      return false
  }
}
