import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'
import { isatty } from 'node:tty'
import type { AdminCluster } from '../kube/admin-cluster.ts'
import { type Flag, type FlagValues, UsageError } from './command.ts'
import type { Environment } from './settings-reader.ts'
import { UnreachableError } from './unreachable-error.ts'

/** The flags of whatever asks a cluster, as kubectl's users know them. */
export const clusterFlags = {
  kubeconfig: { type: 'string', value: 'FILE', help: 'kubeconfig; else KUBECONFIG, ~/.kube/config, or the cluster of the pod in which this runs' },
  context: { type: 'string', value: 'NAME', help: 'context of the kubeconfig; else its current one' },
  namespace: { type: 'string', short: 'n', value: 'NAME', help: 'namespace in which usher is installed; else it is found by its labels' },
} as const satisfies Record<string, Flag>

/** The parts of `src/kube/` that commands for admins use; loaded when a command runs, because the client library is large. */
export type AdminKube = Awaited<ReturnType<typeof loadAdminKube>>

/** A cluster, and the person's wishes. */
export interface JoinedAdmin extends AdminCluster {
  readonly kube: AdminKube
  /** Of `--namespace`. */
  readonly namespace: string | undefined
}

// RFC 1123, as the API server has it.
const namespaceName = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/

/** Whether a namespace can have this name. */
export function isNamespaceName(name: string): boolean {
  return namespaceName.test(name)
}

/**
 * Finds the cluster of a command's flags, and gets credentials for it; asks it nothing yet.
 *
 * @throws {UsageError}
 * @throws {UnreachableError} where no cluster can be told, or there are no credentials.
 */
export async function joinAdmin(values: FlagValues, environment: Environment = process.env): Promise<JoinedAdmin> {
  const namespace = readNamespace(values)
  const kube = await loadAdminKube()
  const listed = (environment['KUBECONFIG'] ?? '').split(delimiter).filter((file) => file !== '')
  try {
    const cluster = kube.adminCluster({
      file: values.text('kubeconfig'),
      files: listed.length > 0 ? listed : [join(environment['HOME'] ?? homedir(), '.kube', 'config')],
      context: values.text('context'),
      isInCluster: (environment['KUBERNETES_SERVICE_HOST'] ?? '') !== '',
      plugin: { environment, hasTerminal: isatty(0) },
    })
    await cluster.logIn()
    return { ...cluster, kube, namespace }
  } catch (error) {
    if (error instanceof kube.NoClusterError || error instanceof kube.PluginError) throw new UnreachableError(error.message, { cause: error.cause })
    throw error
  }
}

/**
 * Reads `--namespace`; undefined: it was not given, and has no default.
 *
 * @throws {UsageError}
 */
export function readNamespace(values: FlagValues): string | undefined {
  const namespace = values.text('namespace')
  if (namespace === undefined || isNamespaceName(namespace)) return namespace
  throw new UsageError(`--namespace: ${JSON.stringify(namespace)} is not a name that a namespace can have`)
}

/** Why a request to a cluster failed, as an error whose sentence says what to do. */
export function explainFailure({ kube, title, server }: JoinedAdmin, error: unknown): Error {
  if (error instanceof kube.PluginError) return new UnreachableError(error.message, { cause: error.cause })
  if (!(error instanceof kube.ApiError)) {
    const why = error instanceof Error ? messageOf(error) : String(error)
    return new UnreachableError(`the cluster (${title}) cannot be reached at ${server}: ${why}; is it the right one (--context), and is there a way to it from here?`, { cause: error })
  }
  const { status, message } = error
  if (status === 401) return new Error(`${message}: the credentials of ${title} are not accepted; log in again, or choose another context (--context)`)
  if (status === 403) return new Error(`${message}; choose a context that may (--context), or have the right given to you`)
  if (status === 404 || status >= 500) return new UnreachableError(`${message} (${title}, ${server})`)
  return new Error(message, { cause: error })
}

/** An AggregateError, of the addresses of a name, says nothing itself. */
function messageOf(error: Error): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map((each) => (each instanceof Error ? each.message : String(each))).join(', ')
  return error.message
}

async function loadAdminKube() {
  const [cluster, plugin, request, lists, pods] = await Promise.all([
    import('../kube/admin-cluster.ts'),
    import('../kube/exec-plugin.ts'),
    import('../kube/request.ts'),
    import('../kube/list-all.ts'),
    import('../kube/ask-pod.ts'),
  ])
  return { ...cluster, ...plugin, ...request, ...lists, ...pods }
}
