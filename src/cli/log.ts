import { type Logger, pino } from 'pino'
import { type FlagValues, UsageError } from './command.ts'

/** The levels of our logs. */
export const logLevels: readonly string[] = ['debug', 'info', 'warn', 'error', 'silent']

/** The flag of every command that logs. */
export const logLevelFlag = { type: 'string', value: 'LEVEL', default: 'info', help: `one of ${logLevels.join(', ')}` } as const

/**
 * Reads {@link logLevelFlag}.
 *
 * @throws {UsageError}
 */
export function readLogLevel(values: FlagValues): string {
  const level = values.text('log-level') ?? logLevelFlag.default
  if (logLevels.includes(level)) return level
  throw new UsageError(`--log-level: ${JSON.stringify(level)} is not one of ${logLevels.join(', ')}`)
}

// Lines wait for a full buffer, or for the next flush.
const logBufferBytes = 65_536
const logFlushMs = 250

/** A log of JSON lines on stdout, buffered; `flush` writes what is waiting. A closed stdout harms nothing. */
export function buildLog(level: string): { readonly log: Logger; readonly flush: () => void } {
  const destination = pino.destination({ dest: 1, sync: false, minLength: logBufferBytes, maxWrite: 2 * logBufferBytes })
  destination.on('error', () => {})
  const formatters = { level: (label: string) => ({ level: label }) }
  const log = pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime, formatters }, destination)
  setInterval(() => destination.flush(), logFlushMs).unref()
  return {
    log,
    flush() {
      try {
        destination.flushSync()
      } catch {
        // Nothing is open that could be written to.
      }
    },
  }
}
