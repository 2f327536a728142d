import { type BenchmarkValues, type Measured, type Measuring, readCount, runBenchmark } from '../support/benchmark.ts'
import { ApiConnection } from './api-connection.ts'
import { type Cluster, startCluster } from './cluster.ts'
import { measureRounds, type Plan, type Round } from './measure-rounds.ts'
import { type Part, print, summarise } from './summary.ts'

const help = `What a webhook costs the creation of a pod, beside no webhook and beside a MutatingAdmissionPolicy.

Usage: npm run bench:admission -- [FLAGS]

A real API server with an etcd of its own gets dry-run creates of a pod (test/samples/deployment-web.json), over TLS
on kept-alive connections. Each variant has a namespace, and all take turns, so that what else the machine does hits
all: compare ratios in one round, not absolute figures of two runs. Every answer is checked. Needs Linux and the
built API server (node test/go-tools/build.ts kubernetes etcd); takes five minutes.

  none         nobody changes the pod
  apply        a policy with ApplyConfiguration adds what usher adds: init container, preStop hooks, grace periods; but
               not the container's arguments, fieldRefs and dropped capabilities: the API server refuses them there
  apply-all    the same, and a JSONPatch in the same policy that adds those
  json-patch   a policy with JSONPatch adds everything
  usher        usher's webhook, bundled and started as its image does, with everything on
  floor        a bare node:https handler that answers usher's patch without looking

Flags:
  --rounds N      rounds, of which medians are taken (default 10)
  --requests N    of each variant in a round, with 1 and again with 8 connections (default 400)
  --smoke         a few seconds in all: shows that the benchmark runs; its figures mean nothing
  --json          print JSON, each round included
  --help          show this

Exit codes: 0 it was measured, whether the goals are met or missed; 1 it could not be measured; 2 wrong usage.
`

const flags = { rounds: { type: 'string' }, requests: { type: 'string' } } as const

await runBenchmark(help, flags, readOptions, measure)

function readOptions(values: BenchmarkValues, smoke: boolean): Plan {
  return { rounds: readCount(values, 'rounds', smoke ? 1 : 10), requests: readCount(values, 'requests', smoke ? 8 : 400) }
}

async function measure(plan: Plan, { folder, say, signal }: Measuring): Promise<Measured> {
  await using stack = new AsyncDisposableStack()
  const cluster = await startCluster({ teardown: (end) => stack.defer(end) }, folder)
  const parts: Part[] = []
  for (const connections of [1, 8]) {
    const tell = (round: Round): void => say(`${connections} at once: usher ${(round.usher / round.apply).toFixed(2)} of the policy`)
    parts.push({ connections, rounds: await measurePart(cluster, connections, plan, signal, tell) })
  }
  const figures = summarise(parts)
  const head = `${plan.rounds} rounds of ${plan.requests} requests`
  return { data: { plan, figures, parts }, text: `${head}\n\n${print(figures)}` }
}

async function measurePart(
  { access, variants }: Cluster,
  connections: number,
  plan: Plan,
  signal: AbortSignal,
  tell: (round: Round) => void,
): Promise<readonly Round[]> {
  const { promise: failure, reject } = Promise.withResolvers<never>()
  failure.catch(() => {})
  const open = await Promise.all(Array.from({ length: connections }, () => ApiConnection.open(access, reject)))
  try {
    return await Promise.race([measureRounds(variants, open, plan, signal, tell), failure])
  } finally {
    for (const connection of open) connection.close()
  }
}
