import { setTimeout as pause } from 'node:timers/promises'
import { percentile } from '../support/figures.ts'
import { used } from './measure-arrivals.ts'
import { addedSince, sumOf } from './prometheus.ts'
import type { CpuUsed } from './server-usage.ts'
import type { Stage } from './stage.ts'
import { startWatchers } from './watcher-process.ts'

/** All nodes boot at the same time, and each lock has something to tell of each of its pods. */
export interface Told {
  readonly seconds: number
  /** By what the API server has answered. */
  readonly answers: Readonly<Record<string, number>>
  readonly cpu: CpuUsed
  readonly driverCpu: number
  readonly p50Ms: number
  readonly p99Ms: number
  /** By which the database has grown; it grows in steps. */
  readonly storageBytes: number
  readonly rejected: number
}

/** Lets them send, within the limits of each. */
export async function measureEvents(stage: Stage): Promise<Told> {
  const { plan, cluster, usage, folder, signal, say } = stage
  const locks = cluster.nodes.map((node, index) => ({ node, kubeconfig: cluster.lockKubeconfigs[index] ?? '' }))
  const senders = await startWatchers({ kind: 'events', namespace: cluster.namespace, pods: plan.pods, locks }, folder, signal)
  try {
    const driverBefore = (await senders.report()).cpuSeconds
    const before = await usage.scrape()
    const cpuBefore = usage.cpu()
    await senders.open()
    await pause(plan.eventSeconds * 1_000, undefined, { signal })
    const cpu = used(cpuBefore, usage.cpu())
    const { answers, tookMs, cpuSeconds } = await senders.report()
    const after = await usage.scrape()
    const added = addedSince(before, after)
    say(`Events: ${JSON.stringify(answers)} in ${plan.eventSeconds} s`)
    return {
      seconds: plan.eventSeconds,
      answers,
      cpu,
      driverCpu: cpuSeconds - driverBefore,
      p50Ms: percentile(tookMs, 0.5),
      p99Ms: percentile(tookMs, 0.99),
      storageBytes: sumOf(after, 'apiserver_storage_size_bytes') - sumOf(before, 'apiserver_storage_size_bytes'),
      rejected: sumOf(added, 'apiserver_request_total', { resource: 'events', code: '429' }),
    }
  } finally {
    await senders.stop()
  }
}
