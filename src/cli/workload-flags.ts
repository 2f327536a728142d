import { clusterFlags, type JoinedAdmin } from './admin-cluster.ts'
import { type Flag, type FlagValues, UsageError } from './command.ts'
import { settingsReader } from './settings-reader.ts'
import { UnreachableError } from './unreachable-error.ts'

/** The flags of commands that look at workloads. */
export const workloadFlags = {
  kubeconfig: clusterFlags.kubeconfig,
  context: clusterFlags.context,
  namespace: { type: 'string', short: 'n', value: 'NAME', help: 'namespace of the workload; else that of the context, or default' },
  timeout: { type: 'string', value: 'SPAN', default: '30s', help: 'how long the cluster may take to answer, altogether' },
} as const satisfies Record<string, Flag>

// A person waits for it.
const longestMs = 3_600_000

/**
 * Reads `--timeout`, in milliseconds.
 *
 * @throws {UsageError}
 */
export function readTimeout(values: FlagValues): number {
  const ms = settingsReader(values, {}).span('timeout', undefined, longestMs)
  if (ms === 0) throw new UsageError('--timeout: nothing is answered in no time')
  return ms
}

/** The namespace of `--namespace`, else that of the context. */
export function namespaceOf({ config, namespace }: Pick<JoinedAdmin, 'config' | 'namespace'>): string {
  return namespace ?? (config.getContextObject(config.getCurrentContext())?.namespace || 'default')
}

/**
 * Does work that is to be done within a time, and until somebody stops it; what is not answered by then is late.
 *
 * @throws {UnreachableError} where the work could not do without what is late.
 */
export async function withinTime<T>(ms: number, work: (signal: AbortSignal) => Promise<T>, stopping?: AbortSignal): Promise<T> {
  const ending = new AbortController()
  const timer = setTimeout(() => ending.abort(new Error(`no answer within ${ms / 1_000} s (--timeout)`)), ms)
  try {
    return await work(stopping === undefined ? ending.signal : AbortSignal.any([ending.signal, stopping]))
  } catch (error) {
    const { reason } = ending.signal
    if (!ending.signal.aborted || !(reason instanceof Error)) throw error
    throw new UnreachableError(`${reason.message}: is the cluster the right one (--context), and is there a way to it from here?`, { cause: error })
  } finally {
    clearTimeout(timer)
  }
}
