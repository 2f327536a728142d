import { type Measured, type Measuring, type BenchmarkValues, readCount, runBenchmark } from '../support/benchmark.ts'
import { align, number, percentile } from '../support/figures.ts'
import { type HandOver, measureHandOvers } from './measure.ts'

const help = `How long the lock takes from one pod to the next, on a real node.

Usage: npm run bench:hand-over -- [FLAGS]

Starts the cluster of test/cluster/ with usher installed, one permit and strict, and a Deployment of pods that are ready
soon after their start. Each hand-over counts from the moment at which a watch of the API server tells that the holder's
containers are ready, to the exit of the next pod's init container and to the start of its container, both as containerd
tells them. Needs what npm run test:cluster needs, and its images: npm run images -- --base scratch-node. Whatever
cluster runs is brought down.

Flags:
  --pods N        pods of the Deployment (default 40)
  --rounds N      how often they start (default 5)
  --smoke         three pods, once: shows that the benchmark runs; its figures mean nothing
  --json          print JSON, each hand-over included
  --help          show this

Exit codes: 0 it was measured, whether the goals are met or missed; 1 it could not be measured; 2 wrong usage.
`

interface Plan {
  readonly pods: number
  readonly rounds: number
}

// The goals of the lock: half of all, and all but one in a hundred, within so many milliseconds.
const goals = { p50: 100, p99: 250 }

await runBenchmark(help, { pods: { type: 'string' }, rounds: { type: 'string' } }, readPlan, measure)

function readPlan(values: BenchmarkValues, smoke: boolean): Plan {
  return { pods: readCount(values, 'pods', smoke ? 3 : 40), rounds: readCount(values, 'rounds', smoke ? 1 : 5) }
}

async function measure(plan: Plan, { say, signal }: Measuring): Promise<Measured> {
  await using stack = new AsyncDisposableStack()
  const all: HandOver[] = []
  for await (const round of measureHandOvers({ teardown: (end) => stack.defer(async () => void (await end())) }, plan, signal)) {
    all.push(...round)
    say(`${all.length} hand-overs, the last round's middle ${number(percentile(round.map(({ toExitMs }) => toExitMs), 0.5))} ms`)
  }
  const figures = {
    toExit: figuresOf(all.map(({ toExitMs }) => toExitMs)),
    toStart: figuresOf(all.flatMap(({ toStartMs }) => toStartMs ?? [])),
  }
  const rows = [
    ['from ContainersReady', 'p50', 'p99', 'worst', 'goal'],
    ["to the next init container's exit", ...cells(figures.toExit), `p50 ${goals.p50}, p99 ${goals.p99}`],
    ["to the next container's start", ...cells(figures.toStart), 'none'],
  ]
  const text = `${all.length} hand-overs in ${plan.rounds} rounds of ${plan.pods} pods, milliseconds\n\n${align(rows).join('\n')}\n`
  return { data: { plan, goals, figures, handOvers: all }, text }
}

interface Figures {
  readonly p50: number
  readonly p99: number
  readonly worst: number
}

function figuresOf(times: readonly number[]): Figures {
  return { p50: percentile(times, 0.5), p99: percentile(times, 0.99), worst: Math.max(...times) }
}

function cells({ p50, p99, worst }: Figures): readonly string[] {
  return [p50, p99, worst].map(number)
}
