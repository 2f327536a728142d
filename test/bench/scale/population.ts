import type { JsonObject } from '../../../src/units/json.ts'
import { requestOf } from '../admission/api-connection.ts'
import { sendAll } from './bulk.ts'
import type { ScaleCluster } from './cluster.ts'
import type { Plan } from './plan.ts'
import { scalePod, startOf } from './scale-pod.ts'

/** A pod of the benchmark. */
export interface ScalePod {
  readonly name: string
  readonly node: string
  readonly isInjected: boolean
  /** An address of its own. */
  readonly address: string
}

/** All pods of a plan, node by node; the second half of each node's have been injected. */
export function podsOf(nodes: readonly string[], pods: number): readonly ScalePod[] {
  return nodes.flatMap((node, row) =>
    Array.from({ length: pods }, (_, index) => ({
      name: `${node}-${index}`,
      node,
      isInjected: index >= Math.floor(pods / 2),
      address: `10.${64 + (row >> 8)}.${row & 255}.${index + 1}`,
    })),
  )
}

const connections = 16

/** Creates pods that are up: each is bound, and has the last status of a start. */
export async function createPods(cluster: ScaleCluster, pods: readonly ScalePod[], signal: AbortSignal): Promise<void> {
  const { access, namespace } = cluster
  const path = `/api/v1/namespaces/${namespace}/pods`
  const at = (index: number): ScalePod => pods[index] ?? { name: '', node: '', isInjected: false, address: '' }
  const create = (index: number): Buffer => requestOf(access, 'POST', path, bodyOf(cluster, at(index)))
  await sendAll(access, { count: pods.length, connections, request: create }, signal)
  const up = (index: number): Buffer => {
    const pod = at(index)
    return statusRequest(cluster, pod, startOf(bodyOf(cluster, pod), pod.address).at(-1) ?? {})
  }
  await sendAll(access, { count: pods.length, connections, request: up }, signal)
}

/** The pod as it is created. */
export function bodyOf({ namespace }: Pick<ScaleCluster, 'namespace'>, { name, node, isInjected }: ScalePod): JsonObject {
  return scalePod({ name, namespace, node }, isInjected)
}

/** Writes a status, as a kubelet does. */
export function statusRequest({ access, namespace }: ScaleCluster, { name }: ScalePod, status: JsonObject): Buffer {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}/status`
  return requestOf(access, 'PATCH', path, { status }, 'application/merge-patch+json')
}

/** The pods of the nodes that boot. */
export function bootingPods(pods: readonly ScalePod[], nodes: readonly string[], { bootNodes }: Plan): readonly ScalePod[] {
  const booting = new Set(nodes.slice(0, bootNodes))
  return pods.filter(({ node }) => booting.has(node))
}
