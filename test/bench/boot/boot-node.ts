import { uptime } from 'node:os'
import { theCluster } from '../../cluster/cluster-file.ts'
import { cutPower, partsOf } from '../../cluster/machine.ts'
import { startNode } from '../../cluster/node.ts'
import type { Machine } from '../../cluster/plan.ts'
import { stopPart } from '../../cluster/processes.ts'
import { create } from '../../cluster/support/pods.ts'

/** The node that boots. */
export function bootingNode(): Machine {
  const [node] = theCluster().machines
  if (node === undefined) throw new Error('the cluster has no node')
  return node
}

/**
 * Lets a node boot with pods that are bound to it and have never run there: they are created while no kubelet is there to
 * start them, but usher's webhook still is. Then the power is cut, and the node boots.
 *
 * @param created is told when the pods are there, while everything is still off.
 * @returns when the kubelet was started, in milliseconds since 1970.
 */
export async function bootWith(pods: readonly object[], created: () => Promise<void>): Promise<number> {
  const { machines, version } = theCluster()
  const node = bootingNode()
  const kubelet = partsOf(node).find(({ name }) => name === `${node.name}/kubelet`)
  if (kubelet === undefined) throw new Error(`${node.name} has no kubelet`)
  await stopPart(kubelet)
  await create(...pods)
  await created()
  await cutPower(node)
  await startNode(node, machines, version, { isNow: true })
  return kubeletStart(node)
}

/** By the kernel: whoever looks may be late. */
function kubeletStart(node: Machine): number {
  const kubelet = partsOf(node).find(({ name }) => name === `${node.name}/kubelet`)
  if (kubelet === undefined) throw new Error(`${node.name} has no kubelet`)
  const ageMs = uptime() * 1_000 - (Number(kubelet.startTicks) / ticksPerSecond) * 1_000
  return Math.round(Date.now() - ageMs)
}

// USER_HZ: what /proc counts in, on every architecture that Node runs on.
const ticksPerSecond = 100
