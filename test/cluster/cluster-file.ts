import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { liveFolder } from './folders.ts'
import { type Machine, nodesOf } from './plan.ts'
import { type ClusterVersion, clusterVersion } from './versions.ts'

/** What a cluster was started as, and what it has to give back. */
export interface Cluster {
  readonly minor: string
  readonly nodes: number
  readonly kwokNodes: number
  /** Whether its `up` has come to its end. */
  readonly whole: boolean
  /** Settings of this machine's kernel as they were before a kubelet changed them. */
  readonly kernel: Readonly<Record<string, string>>
}

const file = join(liveFolder, 'cluster.json')

/** The cluster that was started and not brought down; undefined where there is none. */
export function readCluster(): Cluster | undefined {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Cluster) : undefined
}

/** As {@link readCluster}; throws, and says what to do, where there is none. */
export function theCluster(): Cluster & { readonly version: ClusterVersion; readonly machines: readonly Machine[] } {
  const cluster = readCluster()
  if (cluster === undefined) throw new Error('there is no cluster; npm run cluster -- up starts one')
  return { ...cluster, version: clusterVersion(cluster.minor), machines: nodesOf(cluster.nodes) }
}

/** Records a cluster, before anything of it is started. */
export function writeCluster(cluster: Cluster): void {
  mkdirSync(liveFolder, { recursive: true })
  writeFileSync(`${file}.tmp`, JSON.stringify(cluster))
  renameSync(`${file}.tmp`, file)
}
