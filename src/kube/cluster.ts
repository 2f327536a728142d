import { dirname, resolve } from 'node:path'
import { KubeConfig, type User } from '@kubernetes/client-node'
import { isObject } from '../units/json.ts'

/** How a cluster is reached. */
export type Cluster = KubeConfig

/** How the cluster in which this process runs is reached: by the pod's own service account. */
export function inCluster(): Cluster {
  const config = new KubeConfig()
  config.loadFromCluster()
  return config
}

/**
 * How the cluster of a kubeconfig's current context is reached.
 *
 * @throws where the file cannot be read, or names no cluster.
 */
export function fromKubeconfig(file: string): Cluster {
  const config = readKubeconfig(file)
  if (config.getCurrentCluster() === null) throw new Error(`${file} has no current context with a cluster`)
  return config
}

/**
 * Reads a kubeconfig. Files that it names are relative to its folder, and so are credential plugins, as in client-go
 * (GetAuthInfoFileReferences): the library would run what lies in the folder in which we were started.
 *
 * @throws where the file cannot be read.
 */
export function readKubeconfig(file: string): KubeConfig {
  const config = new KubeConfig()
  try {
    config.loadFromFile(file)
  } catch (error) {
    throw new Error(`${file} cannot be read as a kubeconfig`, { cause: error })
  }
  config.users = config.users.map((user) => withPlugin(user, dirname(file)))
  return config
}

/** A bare name is looked up in PATH. */
function withPlugin(user: User, folder: string): User {
  const exec: unknown = user.exec
  if (!isObject(exec) || typeof exec['command'] !== 'string' || !exec['command'].includes('/')) return user
  return { ...user, exec: { ...exec, command: resolve(folder, exec['command']) } }
}

/** How the cluster of a kubeconfig is reached; without one, that in which this process runs. Throws as {@link fromKubeconfig}. */
export function clusterOf(kubeconfig: string | undefined): Cluster {
  return kubeconfig === undefined ? inCluster() : fromKubeconfig(kubeconfig)
}

/**
 * How a cluster is reached at an address that asks for no proof of who we are, as that of `kubectl proxy`. Nor does it have
 * to prove anything: nothing secret is sent there.
 */
export function atAddress(server: string): Cluster {
  const config = new KubeConfig()
  config.loadFromClusterAndUser({ name: 'usher', server, skipTLSVerify: true }, { name: 'usher' })
  return config
}
