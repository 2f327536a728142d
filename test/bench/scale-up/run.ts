import { type BenchmarkValues, type Measured, type Measuring, readCount, runBenchmark } from '../support/benchmark.ts'
import { measureScaleUps, type ScaleUpRound } from './measure.ts'
import { print, summarise } from './summary.ts'

const help = `How long a Deployment takes to scale up on an idle node, with usher and without.

Usage: npm run bench:scale-up -- [FLAGS]

A Deployment of light pods, ready as soon as they run, is scaled up on the real node of test/cluster/, with usher as it is
installed and in a namespace without its label, by turns. Times count from before kubectl scale until a watch of the API
server has told that all pods are Ready. Needs what npm run test:cluster needs, and its images: npm run images -- --base
scratch-node. Whatever cluster runs is brought down.

Flags:
  --pods N        to which the Deployment is scaled, from one (default 8)
  --rounds N      (default 9)
  --smoke         two pods, once: shows that the benchmark runs; its figures mean nothing
  --json          print JSON, each round included
  --help          show this

Exit codes: 0 it was measured, whether the goal is met or missed; 1 it could not be measured; 2 wrong usage.
`

interface Plan {
  readonly pods: number
  readonly rounds: number
}

await runBenchmark(help, { pods: { type: 'string' }, rounds: { type: 'string' } }, readPlan, measure)

function readPlan(values: BenchmarkValues, smoke: boolean): Plan {
  return { pods: readCount(values, 'pods', smoke ? 2 : 8), rounds: readCount(values, 'rounds', smoke ? 1 : 9) }
}

async function measure(plan: Plan, measuring: Measuring): Promise<Measured> {
  await using stack = new AsyncDisposableStack()
  const rounds: ScaleUpRound[] = []
  for await (const round of measureScaleUps({ teardown: (end) => stack.defer(async () => void (await end())) }, plan, measuring)) {
    rounds.push(round)
    const { without, usher } = round
    measuring.say(`round ${rounds.length}: without ${without.allReadyMs} ms (${without.idleCoresBefore} cores idle before), with usher ${usher.allReadyMs} ms (${usher.idleCoresBefore})`)
  }
  const figures = summarise(rounds)
  return { data: { plan, figures, rounds }, text: `from 1 to ${plan.pods} pods, ${plan.rounds} rounds\n\n${print(figures)}` }
}
