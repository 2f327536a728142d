import { type Flag, type FlagValues, type Output, UsageError } from './command.ts'
import { exitCodes, type ExitCode } from './exit-codes.ts'
import { liveLines } from './live-lines.ts'
import { lookAgain } from './look-again.ts'
import type { OutputFlow } from './output-flow.ts'
import { settingsReader } from './settings-reader.ts'
import { withStopSignals } from './until-interrupted.ts'

/** The flags of commands that show something again and again. */
export const watchFlags = {
  watch: { type: 'boolean', short: 'w', help: 'show it again and again, until Ctrl-C; with -o json a line each time' },
  interval: { type: 'string', value: 'SPAN', default: '2s', help: 'with --watch: how often' },
} as const satisfies Record<string, Flag>

// Each look asks several times.
const shortestMs = 500
const longestMs = 3_600_000

/**
 * Reads `--watch` and `--interval`, in milliseconds; undefined: it is shown once.
 *
 * @throws {UsageError}
 */
export function readInterval(values: FlagValues): number | undefined {
  const everyMs = settingsReader(values, {}).span('interval', undefined, longestMs)
  if (everyMs < shortestMs) throw new UsageError(`--interval: ${JSON.stringify(values.text('interval'))} is less than ${shortestMs} ms`)
  if (values.isOn('watch')) return everyMs
  if (values.isGiven('interval')) throw new UsageError('--interval goes with --watch')
  return undefined
}

/** What is shown again and again. */
export interface Watching<T> {
  readonly command: string
  readonly look: (stopping: AbortSignal) => Promise<T>
  /** For people: lines that are drawn in their place. */
  readonly linesOf: (seen: T) => readonly string[]
  /** For machines, with its last newline; undefined: people look. */
  readonly textOf: ((seen: T) => string | Promise<string>) | undefined
  readonly everyMs: number
}

/** Shows it until somebody ends it, which is how it is meant to end. Throws where it cannot be seen the first time. */
export async function watch<T>({ command, look, linesOf, textOf, everyMs }: Watching<T>, { stdout, stderr }: Output, flow: OutputFlow): Promise<ExitCode> {
  return withStopSignals(async ({ signal }) => {
    const live = textOf === undefined ? liveLines(stdout, flow) : undefined
    const show = textOf === undefined ? (seen: T) => live?.show(linesOf(seen)) : async (seen: T) => flow.write(await textOf(seen))
    try {
      await lookAgain({
        look: () => look(signal),
        everyMs,
        signal,
        show: async (seen) => show(seen),
        async failed({ message }) {
          if (live === undefined) stderr.write(`usher ${command}: ${message}\n`)
          else await live.fail(message)
        },
      })
      return exitCodes.done
    } finally {
      live?.end()
    }
  })
}
