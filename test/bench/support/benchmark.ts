import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs, type ParseArgsOptionsConfig } from 'node:util'

/** What a benchmark measures with. */
export interface Measuring {
  /** Is removed in the end. */
  readonly folder: string
  /** Aborted when the benchmark is to end early. */
  readonly signal: AbortSignal
  /** Tells a person how far it is. */
  readonly say: (line: string) => void
  /** A few seconds in all: shows that the benchmark runs; its figures mean nothing. */
  readonly smoke: boolean
}

/** What was measured: data for `--json`, lines for people. */
export interface Measured {
  readonly data: object
  readonly text: string
}

/** The values of a benchmark's own flags. */
export type BenchmarkValues = Readonly<Record<string, string | boolean | undefined>>

const common = {
  smoke: { type: 'boolean', default: false },
  json: { type: 'boolean', default: false },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/**
 * Runs a benchmark as a program: reads its flags, measures, prints, and sets the exit code of the process: 0 it was
 * measured, whether goals are met or missed; 1 it could not be measured; 2 wrong usage.
 *
 * @param read makes options of the flags, and throws where they cannot be read.
 */
export async function runBenchmark<T>(
  help: string,
  flags: ParseArgsOptionsConfig,
  read: (values: BenchmarkValues, smoke: boolean) => T,
  measure: (options: T, measuring: Measuring) => Promise<Measured>,
): Promise<void> {
  const closing = new AbortController()
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.once(name, () => closing.abort(new Error(`ended by ${name}`)))
  }
  process.exitCode = await run()

  async function run(): Promise<number> {
    let values: BenchmarkValues
    let options: T
    try {
      values = parseArgs({ options: { ...flags, ...common }, allowNegative: true }).values
      options = read(values, values['smoke'] === true)
    } catch (error) {
      say(`${messageOf(error)}\n--help lists the flags`)
      return 2
    }
    if (values['help'] === true) {
      process.stdout.write(help)
      return 0
    }
    const smoke = values['smoke'] === true
    const folder = await mkdtemp(join(tmpdir(), 'usher-bench-'))
    try {
      const { data, text } = await measure(options, { folder, signal: closing.signal, say, smoke })
      const machine = `${cpus()[0]?.model.trim() ?? 'unknown CPU'}, ${availableParallelism()} CPUs, Node ${process.version}`
      if (values['json'] === true) process.stdout.write(`${JSON.stringify({ machine, smoke, ...data }, null, 2)}\n`)
      else process.stdout.write(`${machine}\n${text}${smoke ? '\na smoke run: these figures mean nothing\n' : ''}`)
      return 0
    } catch (error) {
      say(`the benchmark failed: ${messageOf(closing.signal.aborted ? closing.signal.reason : error)}`)
      return 1
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
}

/**
 * Reads a flag that counts something.
 *
 * @throws where it is not a whole number from 1.
 */
export function readCount(values: BenchmarkValues, name: string, otherwise: number): number {
  const text = values[name]
  if (text === undefined) return otherwise
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Error(`--${name}: ${text} is not a whole number from 1`)
  return value
}

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message} (${error.cause.message})` : error.message
}

function say(line: string): void {
  process.stderr.write(`${line}\n`)
}
