import { type Measured, type Measuring, runBenchmark } from '../support/benchmark.ts'
import { startScaleCluster } from './cluster.ts'
import { measureArrivals } from './measure-arrivals.ts'
import { measureChurn } from './measure-churn.ts'
import { measureDaemonSets } from './measure-daemonsets.ts'
import { measureEvents } from './measure-events.ts'
import { measurePods } from './measure-pods.ts'
import { measureRestart, type Restart } from './measure-restart.ts'
import { measureSteady } from './measure-steady.ts'
import { type Plan, planFlags, readPlan } from './plan.ts'
import { bootingPods } from './population.ts'
import { ServerUsage } from './server-usage.ts'
import type { Stage } from './stage.ts'
import { print } from './print.ts'
import { summarise } from './summary.ts'

const help = `What the locks of many nodes cost an API server.

Usage: npm run bench:scale -- [FLAGS]

A real API server with an etcd of its own, nodes that kwok keeps alive (lease renewals every ten seconds), pods that are
bound to them, half of which have been injected, and simulated locks: usher's own watch of a node's pods, a connection
for each, with the lock's service account. All run on this machine, so what the clients use is told, too. Needs Linux and
the built tools (node test/go-tools/build.ts kubernetes etcd kwok); takes half an hour, 4 GiB of memory and two CPUs.

  pods         memory of the API server, and what etcd stores, for each pod as its author wrote it, and as usher makes it
  arrival      all locks list and watch at the same moment; memory without, with the kubelets' and with the locks' watches
  churn        a tenth of the nodes boot (4 to 6 status updates a pod, at a steady rate): with nobody who watches, with a
               watch for each kubelet, with one for each lock beside it, and with as many watches that no index helps
  restart      the API server is killed and started anew, at once and after half a minute, under all locks
  events       each lock has something to tell of each of its pods at the same moment
  daemonsets   each node watches the DaemonSets while one changes; and each asks for them once instead
  steady       nothing happens

Flags:
  --nodes N       nodes (default 500)
  --pods N        pods of each (default 30)
  --rounds N      rounds of arrival and churn, of which medians are taken (default 3)
  --seconds N     of each idle look (default 20)
  --rate N        status updates a second while nodes boot (default 200)
  --steady N      seconds of the last part (default 600)
  --smoke         20 nodes of 5 pods, a minute in all: shows that the benchmark runs; its figures mean nothing
  --json          print JSON, each round included
  --help          show this

Exit codes: 0 it was measured; 1 it could not be measured; 2 wrong usage.
`

await runBenchmark(help, planFlags, readPlan, measure)

async function measure(plan: Plan, { folder, signal, say }: Measuring): Promise<Measured> {
  await using stack = new AsyncDisposableStack()
  say(`starting an API server with ${plan.nodes} nodes`)
  const cluster = await startScaleCluster({ teardown: (end) => stack.defer(async () => void (await end())) }, plan, folder, signal)
  const usage = new ServerUsage(cluster.server, cluster.config, signal)
  const { pods, population } = await measurePods(cluster, plan, usage, signal, say)
  const stage: Stage = { plan, cluster, usage, booting: bootingPods(population, cluster.nodes, plan), folder, signal, say }
  const arrivals = await measureArrivals(stage)
  const churn = await measureChurn(stage)
  const restarts: Restart[] = []
  for (const outageMs of plan.outagesMs) restarts.push(await measureRestart(stage, outageMs))
  const events = await measureEvents(stage)
  const daemonSets = await measureDaemonSets(stage)
  const steady = await measureSteady(stage)
  const figures = summarise({ plan, pods, arrivals, churn, restarts, events, daemonSets, steady })
  const rounds = churn.map((round) => round.map(({ latencies: _latencies, ...kept }) => kept))
  return { data: { plan, figures, arrivals, churn: rounds }, text: print(figures) }
}
