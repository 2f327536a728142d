import { type Flag, type FlagValues, UsageError } from './command.ts'
import { settingsReader } from './settings-reader.ts'

/** The flags of commands that change a cluster, and wait for what comes of it. */
export const changeFlags = {
  'dry-run': { type: 'string', value: 'WHERE', default: 'none', help: 'server: the API server tries everything, and nothing is changed' },
  timeout: { type: 'string', value: 'SPAN', default: '3m', help: 'how long is waited for what comes of it' },
} as const satisfies Record<string, Flag>

/**
 * Reads `--dry-run`; gives whether the API server is to try only.
 *
 * @param instead of the dry run of a client.
 * @throws {UsageError}
 */
export function readDryRun(values: FlagValues, instead: string): boolean {
  const where = values.text('dry-run')
  if (where === 'none' || where === 'server') return where === 'server'
  throw new UsageError(`--dry-run: ${JSON.stringify(where)} is neither none nor server${where === 'client' ? `; ${instead}` : ''}`)
}

const longestTimeoutMs = 24 * 3_600_000

/**
 * Reads `--timeout`, in milliseconds.
 *
 * @throws {UsageError}
 */
export function readTimeout(values: FlagValues): number {
  return settingsReader(values, {}).span('timeout', undefined, longestTimeoutMs)
}
