import type { DaemonSetFacts } from './daemon-set.ts'
import type { NodeFacts } from './node.ts'
import { matchesNode } from './node-affinity.ts'
import { tolerates, tolerationsOf } from './tolerations.ts'

/**
 * What a DaemonSet's controller wants on a node: that a pod `runs` there; that one that is there already `stays`,
 * because the taint that keeps others away came later; or `none`.
 */
export type Placement = 'runs' | 'stays' | 'none'

/** Judges as `NodeShouldRunDaemonPod` does (pkg/controller/daemon/daemon_controller.go of Kubernetes). */
export function placementOn(daemonSet: DaemonSetFacts, node: NodeFacts): Placement {
  if (daemonSet.nodeName !== undefined && daemonSet.nodeName !== node.name) return 'none'
  if (!matchesNode(daemonSet, node)) return 'none'
  const tolerations = tolerationsOf(daemonSet)
  if (tolerates(tolerations, node.taints, ['NoSchedule', 'NoExecute'])) return 'runs'
  return tolerates(tolerations, node.taints, ['NoExecute']) ? 'stays' : 'none'
}
