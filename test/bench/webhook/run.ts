import { resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { type BenchmarkValues, type Measured, type Measuring, readCount, runBenchmark } from '../support/benchmark.ts'
import { runLoad } from './load-process.ts'
import { measureMemory, type MemoryPlan, type MemoryPoint } from './measure-memory.ts'
import { measureRounds, type Plan, type Round } from './measure-rounds.ts'
import { type ServerProcess, startFloor, startUsher } from './server-process.ts'
import { judge, print, summarise } from './summary.ts'

const help = `What a review costs: usher's webhook, with everything on, beside the least that any webhook on Node does.

Usage: npm run bench:webhook -- [FLAGS]

Both servers run as processes of their own and answer the review of a large pod (9.8 kB) over TLS on kept-alive
connections. They take turns of half a second, so that what else the machine does hits both: compare usher/floor,
not absolute figures of two runs. Every answer is checked. Needs Linux (/proc) and two CPUs; takes five minutes.

  closed loop  32 connections, each sends the next review when it has its answer: throughput, and reviews for a
               second of the server's CPU time
  fixed rate   300 reviews a second whatever the answers do; latency counts from when a review was due
  memory       a usher of its own: the heap after a forced collection, at 20,000 and at 200,000 reviews

Flags:
  --rounds N      rounds, of which medians are taken (default 5)
  --seconds N     for each server, of each part of a round (default 8)
  --no-memory     leave out the memory part
  --tree FOLDER   measure the usher of another checkout (default: this one)
  --smoke         a few seconds in all: shows that the benchmark runs; its figures mean nothing
  --json          print JSON, each round included
  --help          show this

Exit codes: 0 it was measured, whether the goals are met or missed; 1 it could not be measured; 2 wrong usage.
`

const flags = {
  rounds: { type: 'string' },
  seconds: { type: 'string' },
  memory: { type: 'boolean', default: true },
  tree: { type: 'string' },
} as const

await runBenchmark(help, flags, readOptions, measure)

type Options = ReturnType<typeof readOptions>

function readOptions(values: BenchmarkValues, smoke: boolean) {
  const connections = 32
  const plan: Plan = {
    rounds: readCount(values, 'rounds', smoke ? 1 : 5),
    seconds: readCount(values, 'seconds', smoke ? 1 : 8),
    connections,
    rate: 300,
  }
  const memory: MemoryPlan = smoke
    ? { first: 200, second: 2_000, connections }
    : { first: 20_000, second: 200_000, connections }
  const { tree } = values
  const ours = fileURLToPath(new URL('../../..', import.meta.url))
  return { plan, memory: values['memory'] === false ? undefined : memory, tree: typeof tree === 'string' ? resolve(tree) : ours }
}

async function measure(options: Options, measuring: Measuring): Promise<Measured> {
  const { plan } = options
  const rounds = await compare(options, measuring)
  const memory = options.memory === undefined ? [] : await watchMemory(options, options.memory, measuring)
  const figures = summarise(rounds)
  const goals = judge(figures, memory)
  const { connections, rate, seconds } = plan
  const head = `medians of ${rounds.length} rounds; ${connections} connections, or ${rate}/s; ${seconds} s each`
  return { data: { plan, figures, goals, memory, rounds }, text: `${head}\n\n${print(figures, memory, goals)}` }
}

async function compare({ plan, tree }: Options, { folder, say, signal }: Measuring): Promise<readonly Round[]> {
  return withServer(startUsher({ tree, folder }), signal, async (usher) => {
    const [{ answerBytes }] = await runLoad([usher], { connections: 1, count: 1 }, signal)
    say(`usher answers with ${answerBytes} bytes`)
    return withServer(startFloor(folder, answerBytes), signal, async (floor) => measureRounds(usher, floor, plan, say, signal))
  })
}

async function watchMemory({ tree }: Options, plan: MemoryPlan, { folder, say, signal }: Measuring): Promise<readonly MemoryPoint[]> {
  return withServer(startUsher({ tree, folder, withHeap: true }), signal, async (usher) => measureMemory(usher, plan, say, signal))
}

async function withServer<T>(
  starting: Promise<ServerProcess>,
  signal: AbortSignal,
  use: (server: ServerProcess) => Promise<T>,
): Promise<T> {
  const server = await starting
  try {
    signal.throwIfAborted()
    return await use(server)
  } finally {
    await server.stop()
  }
}
