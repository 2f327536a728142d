import { type BenchmarkValues, type Measured, type Measuring, readCount, runBenchmark } from '../support/benchmark.ts'
import { appendBoot, type BootRecord, isSameBoot, readBoots } from './boot-record.ts'
import { measureBoots } from './measure.ts'
import { bootsOf, modeNames, type Plan, variantNames } from './plan.ts'
import { judge, print, summarise } from './summary.ts'

const help = `How a node boots with many pods that take their time to start, with usher and without.

Usage: npm run bench:boot -- [FLAGS]

The pods of a boot run an application of the JVM that loads thousands of classes and warms up, with a startup probe, on the
real node of test/cluster/. They are bound to the node when its power is cut, and start together when it boots. Times count
from the start of the kubelet until a watch of the API server tells that a pod is Ready. The modes take turns:

  plain        usher is not installed
  timer        a lock that is handed on every ten seconds, as pod-startup-lock does
  strict1      usher, strict, with one permit
  strict2      usher, strict, with two permits
  work         usher as it is installed: work-conserving

and so do the variants of the pods:

  heavy        all of them have work to do
  mixed        a third of them wait for twenty seconds, without work
  patient      heavy, with startup probes that nobody reaches: what turns are worth without restarts; not by default

Needs what npm run test:cluster needs, its images (npm run images -- --base scratch-node), and a JDK. Whatever cluster runs is
brought down. A round takes about twenty minutes.

Flags:
  --rounds N        (default 3)
  --pods N          of a boot (default 12)
  --modes LIST      (default ${modeNames.join(',')})
  --variants LIST   (default heavy,mixed)
  --bound SECONDS   gives a boot up after this (default 300)
  --work N          how often the application warms up (default 3)
  --out FILE        adds each boot to this file when it is over; those that it has already are not measured again
  --no-measure      only shows what --out has
  --smoke           two pods, twice: shows that the benchmark runs; its figures mean nothing
  --json            print JSON, each boot included
  --help            show this

Exit codes: 0 it was measured, whether the goals are met or missed; 1 it could not be measured; 2 wrong usage.
`

interface Options {
  readonly plan: Plan
  readonly out: string | undefined
  readonly measure: boolean
}

const string = { type: 'string' } as const
const flags = { rounds: string, pods: string, modes: string, variants: string, bound: string, work: string, out: string, measure: { type: 'boolean', default: true } } as const

await runBenchmark(help, flags, readOptions, measure)

function readOptions(values: BenchmarkValues, smoke: boolean): Options {
  const plan: Plan = {
    rounds: readCount(values, 'rounds', smoke ? 1 : 3),
    pods: readCount(values, 'pods', smoke ? 2 : 12),
    // In this order usher need not be installed twice.
    modes: readNames(values, 'modes', modeNames, smoke ? ['work', 'plain'] : modeNames),
    variants: readNames(values, 'variants', variantNames, smoke ? ['heavy'] : ['heavy', 'mixed']),
    boundSeconds: readCount(values, 'bound', 300),
    work: readCount(values, 'work', smoke ? 1 : 3),
  }
  const { out } = values
  if (values['measure'] === false && typeof out !== 'string') throw new Error('--no-measure shows what --out FILE has')
  return { plan, out: typeof out === 'string' ? out : undefined, measure: values['measure'] !== false }
}

function readNames<Name extends string>(values: BenchmarkValues, flag: string, names: readonly Name[], otherwise: readonly Name[]): readonly Name[] {
  const text = values[flag]
  if (typeof text !== 'string') return otherwise
  return text.split(',').map((word) => {
    const name = names.find((each) => each === word)
    if (name === undefined) throw new Error(`--${flag}: ${JSON.stringify(word)} is not one of ${names.join(', ')}`)
    return name
  })
}

async function measure({ plan, out, measure: isWanted }: Options, measuring: Measuring): Promise<Measured> {
  const boots: BootRecord[] = out === undefined ? [] : [...readBoots(out)]
  if (isWanted) await measureMissing(plan, out, boots, measuring)
  const figures = summarise(boots)
  const verdicts = judge(figures)
  return { data: { plan, figures, verdicts, boots }, text: `\n${print(figures, verdicts)}` }
}

async function measureMissing(plan: Plan, out: string | undefined, boots: BootRecord[], measuring: Measuring): Promise<void> {
  await using stack = new AsyncDisposableStack()
  const owner = { teardown: (end: () => unknown) => stack.defer(async () => void (await end())) }
  const missing = bootsOf(plan).filter((boot) => !boots.some((done) => isSameBoot(boot, done)))
  for await (const boot of measureBoots(owner, plan, missing, measuring)) {
    boots.push(boot)
    if (out !== undefined) appendBoot(out, boot)
  }
}
