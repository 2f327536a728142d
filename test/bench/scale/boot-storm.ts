import { sendAll } from './bulk.ts'
import type { ScaleCluster } from './cluster.ts'
import { bodyOf, type ScalePod, statusRequest } from './population.ts'
import { startOf } from './scale-pod.ts'
import { nowMs } from '../support/clock.ts'

/** What nodes that boot have written. */
export interface Storm {
  readonly updates: number
  readonly seconds: number
  /** When each update was sent, by the version that it made, in ms of the machine's clock. */
  readonly sentAt: ReadonlyMap<string, number>
}

const connections = 16
const versionPattern = /"resourceVersion":"(\d+)"/

/** Takes pods through a start, all of them step by step, at a steady rate. */
export async function bootStorm(cluster: ScaleCluster, pods: readonly ScalePod[], perSecond: number, signal: AbortSignal): Promise<Storm> {
  const requests = stepsOf(cluster, pods)
  const sentAt = new Map<string, number>()
  const startMs = nowMs()
  await sendAll(
    cluster.access,
    {
      count: requests.length,
      connections,
      perSecond,
      request: (index) => requests[index] ?? Buffer.alloc(0),
      answered(_index, { received }, sentMs) {
        const version = versionPattern.exec(received.toString('latin1'))?.[1]
        if (version !== undefined) sentAt.set(version, sentMs)
      },
    },
    signal,
  )
  return { updates: requests.length, seconds: (nowMs() - startMs) / 1_000, sentAt }
}

/** The first step of all pods, then the second one of all that have one, and so on. */
function stepsOf(cluster: ScaleCluster, pods: readonly ScalePod[]): readonly Buffer[] {
  const starts = pods.map((pod) => startOf(bodyOf(cluster, pod), pod.address).map((status) => statusRequest(cluster, pod, status)))
  const most = Math.max(...starts.map(({ length }) => length))
  return Array.from({ length: most }, (_, step) => starts.flatMap((start) => start[step] ?? [])).flat()
}
