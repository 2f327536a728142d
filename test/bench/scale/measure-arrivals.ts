import { setTimeout as pause } from 'node:timers/promises'
import { nowMs } from '../support/clock.ts'
import { percentile } from '../support/figures.ts'
import { addedSince, sumOf } from './prometheus.ts'
import type { CpuUsed, MemoryUsed } from './server-usage.ts'
import { kubeletsTask, locksTask, type Stage } from './stage.ts'
import { startWatchers } from './watcher-process.ts'

/** All locks come at the same moment, each with a list and a watch. */
export interface Arrival {
  /** Until half of them knew their pods, and until all did. */
  readonly halfMs: number
  readonly allMs: number
  readonly cpu: CpuUsed
  readonly driverCpu: number
  readonly lists: number
  readonly listBytes: number
  /** What the API server took out of its cache for that, by its index of nodes and otherwise. */
  readonly fetchedByIndex: number
  readonly fetchedWithoutIndex: number
  /** Requests that had their turn in the priority level of service accounts. */
  readonly lowPriority: number
  /** Answers that said to come later. */
  readonly rejected: number
}

/** Memory with nothing but kwok, with the kubelets' watches, and with the locks' as well. */
export interface ArrivalRound {
  readonly none: MemoryUsed
  readonly kubelets: MemoryUsed
  readonly locks: MemoryUsed
  readonly arrival: Arrival
}

/** Has them come and go, and looks at memory in between. */
export async function measureArrivals(stage: Stage): Promise<readonly ArrivalRound[]> {
  const rounds: ArrivalRound[] = []
  while (rounds.length < stage.plan.rounds) {
    const round = await measureRound(stage)
    rounds.push(round)
    stage.say(`arrival ${rounds.length} of ${stage.plan.rounds}: all locks knew their pods after ${Math.round(round.arrival.allMs)} ms`)
  }
  return rounds
}

async function measureRound(stage: Stage): Promise<ArrivalRound> {
  const { plan, usage, folder, signal } = stage
  const none = await settled(stage)
  await using stack = new AsyncDisposableStack()
  const kubeletWatches = await startWatchers(await kubeletsTask(stage), folder, signal)
  stack.defer(() => kubeletWatches.stop())
  await kubeletWatches.open()
  const kubelets = await settled(stage)
  const lockWatches = await startWatchers(locksTask(stage), folder, signal)
  stack.defer(() => lockWatches.stop())
  const driverBefore = (await lockWatches.report()).cpuSeconds
  const before = await usage.scrape()
  const [cpuBefore, startMs] = [usage.cpu(), nowMs()]
  await lockWatches.open()
  await pause(plan.settleMs, undefined, { signal })
  const cpu = used(cpuBefore, usage.cpu())
  const { syncedAt, cpuSeconds } = await lockWatches.report()
  const added = addedSince(before, await usage.scrape())
  const pods = { resource: 'pods' }
  const fetched = (labels: Readonly<Record<string, string>>): number => sumOf(added, 'apiserver_storage_list_fetched_objects_total', { ...pods, ...labels })
  const byIndex = fetched({ index: 'f:spec.nodeName' })
  const times = syncedAt.map((at) => at - startMs)
  const arrival: Arrival = {
    halfMs: percentile(times, 0.5),
    allMs: Math.max(...times),
    cpu,
    driverCpu: cpuSeconds - driverBefore,
    lists: sumOf(added, 'apiserver_request_total', { ...pods, verb: 'LIST' }),
    listBytes: sumOf(added, 'apiserver_response_sizes_sum', { ...pods, verb: 'LIST' }),
    fetchedByIndex: byIndex,
    fetchedWithoutIndex: fetched({}) - byIndex,
    lowPriority: sumOf(added, 'apiserver_flowcontrol_dispatched_requests_total', { flow_schema: 'service-accounts', priority_level: 'workload-low' }),
    rejected: sumOf(added, 'apiserver_request_total', { code: '429' }),
  }
  return { none, kubelets, locks: await settled(stage), arrival }
}

/** CPU time between two looks. */
export function used(before: CpuUsed, after: CpuUsed): CpuUsed {
  return { server: after.server - before.server, etcd: after.etcd - before.etcd }
}

async function settled({ plan, usage, signal }: Stage): Promise<MemoryUsed> {
  await pause(plan.settleMs, undefined, { signal })
  return usage.memory()
}
