import { isNamespaceName } from '../admin-cluster.ts'
import { type Flag, type FlagValues, UsageError } from '../command.ts'
import { readTimeout, workloadFlags } from '../workload-flags.ts'

const inVain = 'taken, as by all verbs of usher job; this one asks no cluster'

/** What all verbs of `usher job` take, for those that ask no cluster, so that scripts may give it to each. */
export const offlineFlags = {
  namespace: { type: 'string', short: 'n', value: 'NAME', help: inVain },
  timeout: { ...workloadFlags.timeout, help: inVain },
} as const satisfies Record<string, Flag>

/**
 * Refuses what no verb would take.
 *
 * @throws {UsageError}
 */
export function checkOfflineFlags(values: FlagValues): void {
  const namespace = values.text('namespace')
  if (namespace !== undefined && !isNamespaceName(namespace)) throw new UsageError(`--namespace: ${JSON.stringify(namespace)} is not a name that a namespace can have`)
  readTimeout(values)
}
