import { type FlagValues, UsageError } from './command.ts'
import { settingsReader } from './settings-reader.ts'

// A person waits for it.
const longestMs = 3_600_000

/**
 * Reads `--timeout` of a command that asks a cluster for much, in milliseconds.
 *
 * @throws {UsageError}
 */
export function readTimeout(values: FlagValues): number {
  const ms = settingsReader(values, {}).span('timeout', undefined, longestMs)
  if (ms === 0) throw new UsageError(`--timeout: in ${JSON.stringify(values.text('timeout'))} nothing can be asked`)
  return ms
}
