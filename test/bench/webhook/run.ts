import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
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
    const rounds = await compare(options, folder)
    const memory = options.memory === undefined ? [] : await watchMemory(options, options.memory, folder)
    report(options, rounds, memory)
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
      seconds: { type: 'string' },
      memory: { type: 'boolean', default: true },
      tree: { type: 'string' },
      smoke: { type: 'boolean', default: false },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
    allowNegative: true,
  })
  const { smoke, json, help } = values
  const connections = 32
  const plan: Plan = {
    rounds: readNumber('rounds', values.rounds, smoke ? 1 : 5),
    seconds: readNumber('seconds', values.seconds, smoke ? 1 : 8),
    connections,
    rate: 300,
  }
  const memory: MemoryPlan = smoke
    ? { first: 200, second: 2_000, connections }
    : { first: 20_000, second: 200_000, connections }
  const tree = values.tree === undefined ? fileURLToPath(new URL('../../..', import.meta.url)) : resolve(values.tree)
  return { plan, memory: values.memory ? memory : undefined, tree, smoke, json, help }
}

function readNumber(name: string, text: string | undefined, otherwise: number): number {
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name}: ${text} is not a whole number from 1`)
  return value
}

async function compare({ plan, tree }: Options, folder: string): Promise<readonly Round[]> {
  const { signal } = closing
  return withServer(startUsher({ tree, folder }), async (usher) => {
    const [{ answerBytes }] = await runLoad([usher], { connections: 1, count: 1 }, signal)
    say(`usher answers with ${answerBytes} bytes`)
    return withServer(startFloor(folder, answerBytes), async (floor) => measureRounds(usher, floor, plan, say, signal))
  })
}

async function watchMemory({ tree }: Options, plan: MemoryPlan, folder: string): Promise<readonly MemoryPoint[]> {
  return withServer(startUsher({ tree, folder, withHeap: true }), async (usher) =>
    measureMemory(usher, plan, say, closing.signal),
  )
}

async function withServer<T>(starting: Promise<ServerProcess>, use: (server: ServerProcess) => Promise<T>): Promise<T> {
  const server = await starting
  try {
    closing.signal.throwIfAborted()
    return await use(server)
  } finally {
    await server.stop()
  }
}

function report({ plan, smoke, json }: Options, rounds: readonly Round[], memory: readonly MemoryPoint[]): void {
  const figures = summarise(rounds)
  const goals = judge(figures, memory)
  const machine = `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${availableParallelism()} CPUs, Node ${process.version}`
  if (json) {
    process.stdout.write(`${JSON.stringify({ machine, smoke, plan, figures, goals, memory, rounds }, null, 2)}\n`)
    return
  }
  const { connections, rate, seconds } = plan
  process.stdout.write(
    `${machine}\nmedians of ${rounds.length} rounds; ${connections} connections, or ${rate}/s; ${seconds} s each\n\n` +
      `${print(figures, memory, goals)}${smoke ? '\na smoke run: these figures mean nothing\n' : ''}`,
  )
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
