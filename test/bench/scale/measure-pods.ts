import { setTimeout as pause } from 'node:timers/promises'
import { openAnswer, requestJson } from '../../../src/kube/request.ts'
import type { ScaleCluster } from './cluster.ts'
import type { Plan } from './plan.ts'
import { createPods, podsOf, type ScalePod } from './population.ts'
import { sumOf } from './prometheus.ts'
import type { ServerUsage } from './server-usage.ts'

/** What pods of one kind take, each: as their author wrote them, or as usher makes them. */
export interface PodCost {
  /** Live memory of an API server that was just started: its watch cache, without what that keeps of the past. */
  readonly heapBytes: number
  readonly jsonBytes: number
  /** As it is in etcd. */
  readonly storedBytes: number
}

/** Both kinds, and all pods that there are now. */
export interface MeasuredPods {
  readonly pods: { readonly plain: PodCost; readonly injected: PodCost; readonly storageBytes: number }
  readonly population: readonly ScalePod[]
}

/** Creates the pods, first those of one kind, then the others. */
export async function measurePods(
  cluster: ScaleCluster,
  plan: Plan,
  usage: ServerUsage,
  signal: AbortSignal,
  say: (line: string) => void,
): Promise<MeasuredPods> {
  const population = podsOf(cluster.nodes, plan.pods)
  let heap = await heapAnew(cluster, plan, usage, signal)
  async function costOf(isInjected: boolean): Promise<PodCost> {
    const these = population.filter((pod) => pod.isInjected === isInjected)
    await createPods(cluster, these, signal)
    const before = heap
    heap = await heapAnew(cluster, plan, usage, signal)
    const heapBytes = (heap - before) / these.length
    say(`${these.length} pods ${isInjected ? 'as usher makes them' : 'as their authors wrote them'}: ${Math.round(heapBytes)} bytes of memory each`)
    return { heapBytes, ...(await sizesOf(cluster, these[0]?.name ?? '', signal)) }
  }
  const plain = await costOf(false)
  const injected = await costOf(true)
  return { pods: { plain, injected, storageBytes: sumOf(await usage.scrape(), 'apiserver_storage_size_bytes') }, population }
}

/** What is reachable in an API server that was started anew; it is ready once its caches are filled. */
async function heapAnew({ server }: ScaleCluster, plan: Plan, usage: ServerUsage, signal: AbortSignal): Promise<number> {
  await server.stop()
  await server.start()
  await pause(plan.settleMs, undefined, { signal })
  return (await usage.memory()).heap
}

async function sizesOf({ config, namespace }: ScaleCluster, name: string, signal: AbortSignal): Promise<Omit<PodCost, 'heapBytes'>> {
  const path = `/api/v1/namespaces/${namespace}/pods/${name}`
  const jsonBytes = JSON.stringify(await requestJson(config, { path, signal })).length
  const { chunks } = await openAnswer(config, { path, accept: 'application/vnd.kubernetes.protobuf', signal })
  let storedBytes = 0
  for await (const chunk of chunks) storedBytes += chunk.length
  return { jsonBytes, storedBytes }
}
