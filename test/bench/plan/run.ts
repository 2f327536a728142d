import { type Measured, type Measuring, runBenchmark } from '../support/benchmark.ts'
import { align, median, number } from '../support/figures.ts'
import { type CommandRun, measureCommand } from './measure-command.ts'
import { type Judgement, measureJudgement } from './measure-judgement.ts'
import { type Plan, planFlags, readPlan } from './plan.ts'
import { type CaseName, cases, startStage } from './stage.ts'

const help = `What usher plan costs in a large cluster.

Usage: npm run bench:plan -- [FLAGS]

A real API server with an etcd of its own, nodes that are objects alone, and pods that are up on them, half of which have been
injected. All run on this machine. Needs Linux and the built tools (node test/go-tools/build.ts kubernetes etcd); takes ten
minutes, 3 GiB of memory and two CPUs.

  command      usher plan of a Deployment, from its start to its end: time, and the most memory that it has had at once
  listing      of that, reading all nodes and pods by pages, in a process that has begun already
  judgement    what comes after the listing: where the instances find room, whether a rollout does, and the report; for a
               Deployment without rules about neighbours, for one whose pods keep apart, and for one that is spread over zones

Flags:
  --nodes N       nodes (default 1000)
  --pods N        pods of each (default 30)
  --instances N   of the Deployment (default 1000)
  --rounds N      rounds of which medians are taken (default 5)
  --smoke         20 nodes of 5 pods, one round: shows that the benchmark runs; its figures mean nothing
  --json          print JSON, each round included
  --help          show this

Exit codes: 0 it was measured; 1 it could not be measured; 2 wrong usage.
`

await runBenchmark(help, planFlags, readPlan, measure)

async function measure(plan: Plan, { signal, say }: Measuring): Promise<Measured> {
  await using stack = new AsyncDisposableStack()
  say('starting an API server')
  const server = await startStage({ teardown: (end) => stack.defer(async () => void (await end())) }, plan, signal, say)
  say('planning')
  const commands: CommandRun[] = []
  for (let round = 0; round < plan.rounds; round++) commands.push(await measureCommand(server, plan.instances))
  const judgements: Judgement[] = []
  for (let round = 0; round < plan.rounds; round++) judgements.push(await measureJudgement(server, plan.instances, signal))
  const names = Object.keys(cases) as CaseName[]
  const figures = {
    commandSeconds: median(commands.map(({ seconds }) => seconds)),
    commandMiB: median(commands.map(({ mebibytes }) => mebibytes)),
    listingSeconds: median(judgements.map(({ listingSeconds }) => listingSeconds)),
    judgementMs: Object.fromEntries(names.map((name) => [name, median(judgements.map(({ judgementMs }) => judgementMs[name]))])),
  }
  const text = [
    `${plan.nodes} nodes, ${plan.nodes * plan.pods} pods, ${plan.instances} instances; medians of ${plan.rounds}`,
    '',
    ...align([
      ['', 'median'],
      ['command, s', number(figures.commandSeconds)],
      ['command, most memory, MiB', number(figures.commandMiB)],
      ['listing, s', number(figures.listingSeconds)],
      ...names.map((name) => [`judgement, ${name}, ms`, number(figures.judgementMs[name] ?? Number.NaN)]),
    ]),
  ].join('\n')
  return { data: { plan, figures, commands, judgements }, text: `${text}\n` }
}
