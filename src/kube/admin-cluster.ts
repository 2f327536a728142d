import { existsSync } from 'node:fs'
import { KubeConfig } from '@kubernetes/client-node'
import { inCluster, readKubeconfig } from './cluster.ts'
import type { PluginRun } from './exec-plugin.ts'
import { type LogIn, takePlugin } from './plugin-login.ts'

/** Where a person's kubeconfig may be, as kubectl looks for it. */
export interface ClusterSource {
  /** Of `--kubeconfig`: it must be there, and nothing else is looked at. */
  readonly file: string | undefined
  /** Of KUBECONFIG, or the one in the home folder: those that are there count, what the first one names wins. */
  readonly files: readonly string[]
  /** Of `--context`; else the current one. */
  readonly context: string | undefined
  /** Whether there is the cluster of the pod in which this runs, where there is no file. */
  readonly isInCluster: boolean
  /** How a credential plugin is run, where the kubeconfig names one. */
  readonly plugin: Omit<PluginRun, 'cluster'>
}

/** A cluster, as a person has chosen it. */
export interface AdminCluster {
  readonly config: KubeConfig
  /** For people: the context, and where it leads to. */
  readonly title: string
  readonly server: string
  /** Has the credential plugin of the kubeconfig run, where it names one. Requests do that, too; a plugin may ask something. */
  readonly logIn: LogIn
}

/** No cluster is chosen: why, and what to do. */
export class NoClusterError extends Error {
  override readonly name = 'NoClusterError'
}

/**
 * The cluster that kubectl would talk to, too.
 *
 * @throws {NoClusterError}
 */
export function adminCluster(source: ClusterSource): AdminCluster {
  const { file, files, context, isInCluster, plugin } = source
  if (file !== undefined && !existsSync(file)) throw new NoClusterError(`--kubeconfig: there is no ${file}`)
  const found = file === undefined ? files.filter((each) => existsSync(each)) : [file]
  if (found.length === 0) {
    if (isInCluster && context === undefined) return ownCluster()
    const missing = files.length === 0 ? '' : ` (${files.join(', ')})`
    throw new NoClusterError(`no cluster is chosen: there is no kubeconfig${missing}; name one with --kubeconfig, or set KUBECONFIG`)
  }
  const cluster = clusterIn(merged(found), found, context)
  return { ...cluster, logIn: takePlugin(cluster.config, plugin) }
}

function ownCluster(): AdminCluster {
  const config = inCluster()
  return { config, title: 'the cluster of this pod', server: config.getCurrentCluster()?.server ?? '', logIn: async () => {} }
}

/** As kubectl merges files: of two of a name, the first one counts. */
function merged(files: readonly string[]): KubeConfig {
  const all = new KubeConfig()
  // It begins with none at all.
  all.loadFromOptions({ clusters: [], users: [], contexts: [] })
  for (const file of files) {
    const config = read(file)
    for (const cluster of config.clusters) if (all.getCluster(cluster.name) === null) all.addCluster(cluster)
    for (const user of config.users) if (all.getUser(user.name) === null) all.addUser(user)
    for (const context of config.contexts) if (all.getContextObject(context.name) === null) all.addContext(context)
    all.setCurrentContext(all.getCurrentContext() || config.getCurrentContext())
  }
  return all
}

function read(file: string): KubeConfig {
  try {
    return readKubeconfig(file)
  } catch (error) {
    if (!(error instanceof Error)) throw error
    throw new NoClusterError(error.message, { cause: error.cause })
  }
}

function clusterIn(config: KubeConfig, files: readonly string[], wanted: string | undefined): Omit<AdminCluster, 'logIn'> {
  const names = config.contexts.map(({ name }) => name)
  const shown = names.length === 0 ? 'it has none' : `there are ${names.join(', ')}`
  const name = wanted ?? config.getCurrentContext()
  if (!name) throw new NoClusterError(`${files.join(', ')}: no context is chosen; name one with --context: ${shown}`)
  if (!names.includes(name)) throw new NoClusterError(`${files.join(', ')}: there is no context ${JSON.stringify(name)}; ${shown}`)
  config.setCurrentContext(name)
  const cluster = config.getCurrentCluster()
  if (cluster === null) throw new NoClusterError(`${files.join(', ')}: the cluster of context ${JSON.stringify(name)} is not there`)
  return { config, title: `context ${name}`, server: cluster.server }
}
