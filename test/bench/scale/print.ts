import { align, number } from '../support/figures.ts'
import type { Restart } from './measure-restart.ts'
import type { ChurnFigure, Figures, WatchCost } from './summary.ts'

/** Everything as text, part by part. */
export function print(figures: Figures): string {
  const { plan } = figures
  return [
    `${plan.nodes} nodes of ${plan.pods} pods, ${plan.rounds} rounds`,
    ...section('pods', podRows(figures)),
    ...section('memory of a watch', watchRows(figures)),
    ...section('arrival', arrivalRows(figures)),
    ...section(`churn, ${plan.bootNodes} nodes boot`, churnRows(figures.churn)),
    ...section('restart', restartRows(figures.restarts)),
    ...section('Events', eventRows(figures)),
    ...section('DaemonSets', daemonSetRows(figures)),
    ...section(`steady, ${figures.steady.seconds} s`, steadyRows(figures)),
    '',
  ].join('\n')
}

type Rows = readonly (readonly string[])[]

function section(title: string, rows: Rows): readonly string[] {
  return ['', title, ...align(rows).map((row) => `  ${row}`)]
}

function podRows({ pods: { plain, injected, storageBytes } }: Figures): Rows {
  return [
    ['each', 'memory', 'JSON', 'stored'],
    ...[{ name: 'as its author wrote it', cost: plain }, { name: 'as usher makes it', cost: injected }].map(({ name, cost }) => [name, kib(cost.heapBytes), kib(cost.jsonBytes), kib(cost.storedBytes)]),
    ['the database of etcd', '', '', kib(storageBytes)],
  ]
}

function watchRows({ watch: { kubelet, lock } }: Figures): Rows {
  const row = (name: string, { heap, stacks, goroutines, files }: WatchCost): readonly string[] => [name, kib(heap), kib(stacks), number(goroutines), number(files)]
  return [['each adds', 'heap', 'stacks', 'goroutines', 'files'], row("a kubelet's", kubelet), row("a lock's", lock)]
}

function arrivalRows({ arrival }: Figures): Rows {
  return [
    ['half of the locks, and all, know their pods after', `${number(arrival.halfMs)} ms`, `${number(arrival.allMs)} ms`],
    ['CPU of the API server, of etcd, of the locks', ...cpu(arrival.cpu), `${number(arrival.driverCpu)} s`],
    ['lists, and what they sent', number(arrival.lists), kib(arrival.listBytes)],
    ['objects out of the cache by the index of nodes, and otherwise', number(arrival.fetchedByIndex), number(arrival.fetchedWithoutIndex)],
    ['requests in workload-low; told to come later (429)', number(arrival.lowPriority), number(arrival.rejected)],
  ]
}

function churnRows(churn: readonly ChurnFigure[]): Rows {
  return [
    ['watched by', 'idle CPU, ms/s', 'updates/s', 'CPU, ms an update', "to kubelets'", '(least to most)', 'etcd, ms', 'events an update', 'bytes an event', 'ended', 'locks, ms', 'p50', 'p99'],
    ...churn.map((each) => [
      each.state,
      number(each.idleCpuMs),
      number(each.updatesPerSecond),
      number(each.cpuMs),
      each.ratio.toFixed(2),
      `(${each.leastRatio.toFixed(2)} to ${each.mostRatio.toFixed(2)})`,
      number(each.etcdCpuMs),
      number(each.eventsPerUpdate),
      number(each.bytesPerEvent),
      number(each.terminated),
      ...(Number.isNaN(each.p50Ms) ? [] : [number(each.locksCpuMs), `${number(each.p50Ms)} ms`, `${number(each.p99Ms)} ms`]),
    ]),
  ]
}

function restartRows(restarts: readonly Restart[]): Rows {
  return [
    ['down for', 'ready', 'half heard', 'all heard', 'last list', 'lists', 'most in 1 s', 'requests', 'watches ended', '429', 'CPU'],
    ...restarts.map((each) => [
      `${each.outageMs} ms`,
      ...[each.readyMs, each.halfHeardMs, each.allHeardMs, each.lastListMs].map((ms) => `${number(ms)} ms`),
      ...[each.lists, each.mostListsPerSecond, each.listRequests, each.watchesEnded, each.refused].map(number),
      `${number(each.cpu)} s`,
    ]),
  ]
}

function eventRows({ events }: Figures): Rows {
  return [
    ...Object.entries(events.answers).map(([kind, count]) => [kind, number(count), `${number(count / events.seconds)}/s`]),
    ['CPU of the API server, of etcd, of the locks', ...cpu(events.cpu), `${number(events.driverCpu)} s`],
    ['p50, p99', `${number(events.p50Ms)} ms`, `${number(events.p99Ms)} ms`],
    ['the database of etcd has grown by', kib(events.storageBytes)],
    ['told to come later (429)', number(events.rejected)],
  ]
}

function daemonSetRows({ daemonSets: costs }: Figures): Rows {
  return [
    ['watched: changes, events', number(costs.updates), number(costs.events), kib(costs.eventBytes)],
    ['CPU of the API server, of etcd', ...cpu(costs.watched)],
    ['the last node has heard after', `${number(costs.lastHeardMs)} ms`],
    ['polled: nodes that ask, and the lists that they get', number(costs.polls), kib(costs.pollBytes)],
    ['CPU of the API server, of etcd', ...cpu(costs.polled)],
  ]
}

function steadyRows({ steady }: Figures): Rows {
  return [
    ['watches of pods', number(steady.watches)],
    ['events, and what they sent', number(steady.podEvents), kib(steady.podEventBytes)],
    ['what lists sent', kib(steady.podListBytes)],
    ['CPU of the API server, of etcd', ...cpu(steady.cpu)],
    ...steady.requests.map(({ what, count }) => [what, number(count), `${(count / steady.seconds).toFixed(2)}/s`]),
  ]
}

function kib(bytes: number): string {
  return `${number(bytes / 1_024)} KiB`
}

function cpu({ server, etcd }: { readonly server: number; readonly etcd: number }): readonly [string, string] {
  return [`${number(server)} s`, `${number(etcd)} s`]
}
