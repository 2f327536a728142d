import { join } from 'node:path'
import { buildTools } from '../go-tools/build.ts'
import { toolVersion } from '../go-tools/tool-folder.ts'
import { makeSecrets } from './certificates.ts'
import { cgroupProcesses } from './cgroups.ts'
import { readCluster, writeCluster } from './cluster-file.ts'
import { startApiServer, startControllers, startDns, startStore } from './control-plane.ts'
import { liveFolder } from './folders.ts'
import { writePauseImage } from './images/pause.ts'
import { readKernelSettings } from './kernel.ts'
import { kubectl, tryKubectl } from './kubectl.ts'
import { startKwokNodes } from './kwok.ts'
import { rotateLogs } from './logs.ts'
import { bootMachine, holderOf } from './machine.ts'
import { firstObjects } from './manifests.ts'
import { addRoutes, bridgeExists, makeBridge } from './network.ts'
import { ctr, startNode } from './node.ts'
import { control, type Machine, nodesOf } from './plan.ts'
import { endedParts, requireParts } from './status.ts'
import { installPackages, requireRoot } from './system-packages.ts'
import { type ClusterVersion, clusterVersion } from './versions.ts'
import { waitUntil } from './wait.ts'

/** What cluster is wanted. */
export interface UpOptions {
  /** The minor version of Kubernetes: `1.37`. */
  readonly minor: string
  /** Nodes that run pods. */
  readonly nodes: number
  /** Nodes that only say that they run them. */
  readonly kwokNodes: number
}

/**
 * Builds what is missing, starts a cluster, and waits until its nodes are ready. Does nothing where it runs already.
 *
 * @param say gets a line for each step.
 */
export async function up(options: UpOptions, say: (line: string) => void): Promise<void> {
  const version = clusterVersion(options.minor)
  const nodes = nodesOf(options.nodes)
  requireRoot()
  if (await isUp(options)) {
    say(`the cluster is up already, with Kubernetes ${options.minor}`)
    return
  }
  await prepare(version, options.kwokNodes > 0, say)

  const start = performance.now()
  const seconds = (): string => `${((performance.now() - start) / 1_000).toFixed(1)} s`
  rotateLogs()
  const cluster = { ...options, kernel: readKernelSettings() }
  writeCluster({ ...cluster, whole: false })
  say(`starting Kubernetes ${toolVersion(version.tools)} with ${nodes.map(({ name }) => name).join(', ')}`)
  await makeSecrets(nodes)
  await makeBridge()
  await bootMachine(control, { isNow: false })
  startStore()
  startApiServer(version)
  const booting = startNodes(nodes, version)
  // Whoever fails first is told of.
  await Promise.all([booting, serve(version, say, seconds)])
  await addRoutes(nodes)
  await addRoutes(nodes, holderOf(control).pid)
  await waitUntil('all nodes are ready', () => areReady(version, nodes))
  say(`nodes ready, after ${seconds()}`)
  if (options.kwokNodes > 0) await startKwokNodes(version, options.kwokNodes)
  // Without this account, which a controller makes, no pod is admitted.
  await waitUntil('pods can be created', async () => (await tryKubectl(version, ['get', 'serviceaccount', 'default'])).code === 0)
  writeCluster({ ...cluster, whole: true })
  say(`the cluster is up, after ${seconds()}`)
}

/** Whether the very cluster that is wanted runs. Throws where another does, or a part of it does not. */
async function isUp(wanted: UpOptions): Promise<boolean> {
  const cluster = readCluster()
  const heal = 'npm run cluster -- down, and up again'
  if (cluster === undefined) {
    if (cgroupProcesses().size === 0 && !(await bridgeExists())) return false
    throw new Error(`something of a cluster is left, without its state; ${heal}`)
  }
  const ended = endedParts()
  if (ended.length > 0) throw new Error(`the cluster is half dead (${ended.join(', ')}); ${heal}`)
  if (!cluster.whole) throw new Error(`the last up has not come to its end, or goes on beside this one; ${heal}`)
  for (const key of ['minor', 'nodes', 'kwokNodes'] as const) {
    if (cluster[key] !== wanted[key]) throw new Error(`a cluster is up whose ${key} is ${cluster[key]}, not ${wanted[key]}; ${heal}`)
  }
  return true
}

/** Installs and builds what a cluster of this version needs, as far as it is not there. */
export async function prepare(version: ClusterVersion, kwok: boolean, say: (line: string) => void): Promise<void> {
  await installPackages(say)
  const groups = [version.tools, version.controllers, 'etcd', 'containerd', 'runc', 'cni', 'coredns'] as const
  await buildTools(kwok ? [...groups, 'kwok'] : groups, say)
}

async function serve(version: ClusterVersion, say: (line: string) => void, seconds: () => string): Promise<void> {
  await waitUntil('the API server is ready', async () => {
    requireParts()
    return (await tryKubectl(version, ['get', '--raw', '/readyz'])).code === 0
  })
  say(`API server ready, after ${seconds()}`)
  startControllers(version)
  const list = { apiVersion: 'v1', kind: 'List', items: firstObjects() }
  await kubectl(version, ['create', '-f', '-'], JSON.stringify(list))
  startDns()
}

async function startNodes(nodes: readonly Machine[], version: ClusterVersion): Promise<void> {
  const image = join(liveFolder, 'pause.tar')
  await writePauseImage(image)
  // One after the other: each takes a second, and both cores.
  for (const node of nodes) {
    await startNode(node, nodes, version, { isNow: false })
    await ctr(node, ['images', 'import', image])
  }
}

async function areReady(version: ClusterVersion, nodes: readonly Machine[]): Promise<boolean> {
  requireParts()
  const path = `jsonpath={range .items[*]}{.status.conditions[?(@.type=="Ready")].status}{"\\n"}{end}`
  const { stdout } = await tryKubectl(version, ['get', 'nodes', '-o', path])
  return stdout.split('\n').filter((status) => status === 'True').length === nodes.length
}
