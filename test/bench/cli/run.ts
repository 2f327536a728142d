import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { type Measured, measureVariants } from './measure.ts'
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

const closing = new AbortController()
for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
  process.once(name, () => closing.abort(new Error(`ended by ${name}`)))
}

process.exitCode = await main()

async function main(): Promise<number> {
  let options: Options
  try {
    options = readOptions()
  } catch (error) {
    say(`${messageOf(error)}\n--help lists the flags`)
    return 2
  }
  if (options.help) {
    process.stdout.write(help)
    return 0
  }
  const folder = await mkdtemp(join(tmpdir(), 'usher-bench-'))
  try {
    const tree = fileURLToPath(new URL('../../..', import.meta.url))
    report(options, await measureVariants(variantsIn(tree), options.rounds, folder, say, closing.signal))
    return 0
  } catch (error) {
    say(`the benchmark failed: ${messageOf(closing.signal.aborted ? closing.signal.reason : error)}`)
    return 1
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

type Options = ReturnType<typeof readOptions>

function readOptions() {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string' },
      smoke: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const { smoke, json, help } = values
  return { rounds: readRounds(values.rounds, smoke ? 2 : 30), smoke, json, help }
}

function readRounds(text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--rounds: ${text} is not a whole number from 1`)
  return value
}

function report({ rounds, smoke, json }: Options, measured: readonly Measured[]): void {
  const figures = summarise(measured)
  const goal = judge(figures)
  const machine = `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${availableParallelism()} CPUs, Node ${process.version}`
  if (json) {
    process.stdout.write(`${JSON.stringify({ machine, smoke, rounds, figures, goal, measured }, null, 2)}\n`)
    return
  }
  process.stdout.write(
    `${machine}\n${rounds} runs of each\n\n${print(figures, goal)}${smoke ? '\na smoke run: these figures mean nothing\n' : ''}`,
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
