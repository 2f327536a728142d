import { median, percentile } from '../support/figures.ts'
import type { Arrival, ArrivalRound } from './measure-arrivals.ts'
import type { Churn } from './measure-churn.ts'
import type { DaemonSetCost } from './measure-daemonsets.ts'
import type { Told } from './measure-events.ts'
import type { MeasuredPods } from './measure-pods.ts'
import type { Restart } from './measure-restart.ts'
import type { Steady } from './measure-steady.ts'
import type { Plan } from './plan.ts'
import type { MemoryUsed } from './server-usage.ts'
import type { StateName } from './stage.ts'

/** All that was measured. */
export interface Everything {
  readonly plan: Plan
  readonly pods: MeasuredPods['pods']
  readonly arrivals: readonly ArrivalRound[]
  readonly churn: readonly (readonly Churn[])[]
  readonly restarts: readonly Restart[]
  readonly events: Told
  readonly daemonSets: DaemonSetCost
  readonly steady: Steady
}

/** The figures; of what was measured in rounds, medians. */
export interface Figures extends Omit<Everything, 'arrivals' | 'churn'> {
  /** What a watch adds to the API server's memory: a kubelet's, and a lock's beside it. */
  readonly watch: { readonly kubelet: WatchCost; readonly lock: WatchCost }
  readonly arrival: Arrival
  readonly churn: readonly ChurnFigure[]
}

/** Memory of one watch, in bytes, and what else belongs to it. */
export interface WatchCost {
  readonly heap: number
  readonly stacks: number
  readonly goroutines: number
  readonly files: number
}

/** One state of the churn. */
export interface ChurnFigure {
  readonly state: StateName
  /** Of the API server, in ms for each second. */
  readonly idleCpuMs: number
  readonly updatesPerSecond: number
  /** In ms for each update. */
  readonly cpuMs: number
  readonly etcdCpuMs: number
  /** To the state with the kubelets' watches in the same round: median, least and most. */
  readonly ratio: number
  readonly leastRatio: number
  readonly mostRatio: number
  readonly eventsPerUpdate: number
  readonly bytesPerEvent: number
  readonly terminated: number
  readonly locksCpuMs: number
  /** Of the rounds' percentiles, the median; NaN where there are no locks. */
  readonly p50Ms: number
  readonly p99Ms: number
}

/** The figures of all parts. */
export function summarise({ arrivals, churn, ...kept }: Everything): Figures {
  const { nodes } = kept.plan
  return {
    ...kept,
    watch: {
      kubelet: perWatch(arrivals.map(({ none, kubelets }) => [none, kubelets]), nodes),
      lock: perWatch(arrivals.map(({ kubelets, locks }) => [kubelets, locks]), nodes),
    },
    arrival: medianArrival(arrivals.map(({ arrival }) => arrival)),
    churn: states.map((state) => churnFigure(state, churn)),
  }
}

const states: readonly StateName[] = ['none', 'kubelets', 'locks', 'unindexed']

function perWatch(pairs: readonly (readonly [MemoryUsed, MemoryUsed])[], watches: number): WatchCost {
  const each = (field: 'heap' | 'stacks' | 'goroutines' | 'files'): number => median(pairs.map(([before, after]) => (after[field] - before[field]) / watches))
  return { heap: each('heap'), stacks: each('stacks'), goroutines: each('goroutines'), files: each('files') }
}

function medianArrival(arrivals: readonly Arrival[]): Arrival {
  const of = (read: (arrival: Arrival) => number): number => median(arrivals.map(read))
  return {
    halfMs: of(({ halfMs }) => halfMs),
    allMs: of(({ allMs }) => allMs),
    cpu: { server: of(({ cpu }) => cpu.server), etcd: of(({ cpu }) => cpu.etcd) },
    driverCpu: of(({ driverCpu }) => driverCpu),
    lists: of(({ lists }) => lists),
    listBytes: of(({ listBytes }) => listBytes),
    fetchedByIndex: of(({ fetchedByIndex }) => fetchedByIndex),
    fetchedWithoutIndex: of(({ fetchedWithoutIndex }) => fetchedWithoutIndex),
    lowPriority: of(({ lowPriority }) => lowPriority),
    rejected: of(({ rejected }) => rejected),
  }
}

function churnFigure(state: StateName, rounds: readonly (readonly Churn[])[]): ChurnFigure {
  const mine = rounds.flatMap((round) => round.filter((churn) => churn.state === state))
  const of = (read: (churn: Churn) => number): number => median(mine.map(read))
  const perUpdate = ({ cpu, updates }: Churn): number => (cpu.server * 1_000) / updates
  const ratios = rounds.flatMap((round) => {
    const [own, base] = [state, 'kubelets'].map((name) => round.find((churn) => churn.state === name))
    return own === undefined || base === undefined ? [] : [perUpdate(own) / perUpdate(base)]
  })
  return {
    state,
    idleCpuMs: of(({ idle }) => (idle.cpu.server * 1_000) / idle.seconds),
    updatesPerSecond: of(({ updates, seconds }) => updates / seconds),
    cpuMs: of(perUpdate),
    etcdCpuMs: of(({ cpu, updates }) => (cpu.etcd * 1_000) / updates),
    ratio: median(ratios),
    leastRatio: Math.min(...ratios),
    mostRatio: Math.max(...ratios),
    eventsPerUpdate: of(({ events, updates }) => events / updates),
    bytesPerEvent: of(({ events, eventBytes }) => eventBytes / events),
    terminated: of(({ terminated }) => terminated),
    locksCpuMs: of(({ locksCpu, updates }) => (locksCpu * 1_000) / updates),
    p50Ms: of(({ latencies }) => percentile(latencies, 0.5)),
    p99Ms: of(({ latencies }) => percentile(latencies, 0.99)),
  }
}
