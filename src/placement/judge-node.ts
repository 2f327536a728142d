import type { Toleration } from '../node-health/daemon-set.ts'
import type { NodeFacts, Taint } from '../node-health/node.ts'
import { matchesNode } from '../node-health/node-affinity.ts'
import { tolerates } from '../node-health/tolerations.ts'
import type { Demand } from './demand.ts'
import type { NodeReason } from './node-reason.ts'
import type { NodeRoom } from './node-room.ts'

/** The effects of taints that keep pods from a node. */
export const keepingAway: readonly string[] = ['NoSchedule', 'NoExecute']

/**
 * Why a node takes no such pod, however much room it has; undefined: it may. In the order in which people would look for it.
 *
 * @param tolerations of the pod, with those that its controller adds.
 * @param isPerNode a DaemonSet's pod, which is put on nodes that are not ready, too.
 */
export function whyNever({ nodeName, choice }: Demand, { node, isReady, isCordoned }: NodeRoom, tolerations: readonly Toleration[], isPerNode: boolean): NodeReason | undefined {
  if (nodeName !== undefined && nodeName !== node.name) return { code: 'other-node', detail: `its pods are for node ${nodeName}` }
  const label = missingLabel(choice.nodeSelector, node)
  if (label !== undefined) return { code: 'node-selector', detail: `no label ${label}` }
  if (!matchesNode(choice, node)) return { code: 'node-affinity', detail: 'not one that its node affinity asks for' }
  if (!isReady && !isPerNode && !tolerates(tolerations, [taintOf('not-ready')], keepingAway)) return { code: 'not-ready', detail: 'not ready' }
  if (isCordoned && !tolerates(tolerations, [taintOf('unschedulable')], keepingAway)) return { code: 'cordoned', detail: 'cordoned' }
  const taint = node.taints.find((each) => !tolerates(tolerations, [each], keepingAway))
  return taint === undefined ? undefined : { code: 'taint', detail: `taint ${textOf(taint)}` }
}

function taintOf(name: string): Taint {
  return { key: `node.kubernetes.io/${name}`, value: '', effect: 'NoSchedule' }
}

function missingLabel(selector: Readonly<Record<string, string>>, { labels }: NodeFacts): string | undefined {
  const missing = Object.entries(selector).find(([key, value]) => !Object.hasOwn(labels, key) || labels[key] !== value)
  return missing?.join('=')
}

function textOf({ key, value, effect }: Taint): string {
  return `${key}${value === '' ? '' : `=${value}`}:${effect}`
}
