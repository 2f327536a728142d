import { fileURLToPath } from 'node:url'
import { readCount, runBenchmark } from '../support/benchmark.ts'
import { measureVariants } from './measure.ts'
import { judge, print, summarise } from './summary.ts'
import { variantsIn } from './variants.ts'

const help = `What a call of usher costs: usher inject on one small manifest, beside the least that Node takes.

Usage: npm run bench:cli -- [FLAGS]

Every run is a process of its own, timed from its start until its output is closed; what it wrote is checked. The
command lines take turns, so that what else the machine does hits all of them.

  from the shell   node_modules/.bin/usher, as people call it, without npx; where the machine's Node is older than
                   usher needs, this one hands over to the Node that npm ci has brought
  on this Node     the same, without handing over
  first run        from the shell, with an empty compile cache, as after npm ci
  node -e 0        the floor: a start of Node that does nothing

Flags:
  --rounds N      runs of each (default 30)
  --smoke         two rounds: shows that the benchmark runs; its figures mean nothing
  --json          print JSON, each run included
  --help          show this

Exit codes: 0 it was measured, whether the goal is met or missed; 1 it could not be measured; 2 wrong usage.
`

const flags = { rounds: { type: 'string' } } as const

await runBenchmark(
  help,
  flags,
  (values, smoke) => readCount(values, 'rounds', smoke ? 2 : 30),
  async (rounds, { folder, say, signal }) => {
    const tree = fileURLToPath(new URL('../../..', import.meta.url))
    const measured = await measureVariants(variantsIn(tree), rounds, folder, say, signal)
    const figures = summarise(measured)
    const goal = judge(figures)
    return { data: { rounds, figures, goal, measured }, text: `${rounds} runs of each\n\n${print(figures, goal)}` }
  },
)
