import { existsSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { builtFolder } from '../go-tools/tool-folder.ts'
import { kubeconfigFile } from './certificates.ts'
import { logFile, machineFile } from './folders.ts'
import { type Boot, bootMachine, holderOf, runOn, startOn } from './machine.ts'
import { addPeers } from './network.ts'
import { containerdSocket, writeNodeConfig } from './node-config.ts'
import type { Machine } from './plan.ts'
import { attempt } from './run.ts'
import type { ClusterVersion } from './versions.ts'
import { waitUntil } from './wait.ts'

/** Boots a node, and starts what runs on one. On one that was booted before, its pods start all at once. */
export async function startNode(node: Machine, nodes: readonly Machine[], version: ClusterVersion, boot: Boot): Promise<void> {
  await bootMachine(node, boot)
  await addPeers(node, nodes, holderOf(node).pid)
  writeNodeConfig(node, version)
  await startContainerd(node)
  startKubelet(node, version)
  startKubeProxy(node, version)
}

/** Runs containerd's client on a node, in the images and containers of Kubernetes. */
export function ctr(node: Machine, args: readonly string[]): Promise<string> {
  return runOn(node, [join(builtFolder('containerd'), 'ctr'), '-a', containerdSocket, '-n', 'k8s.io', ...args])
}

async function startContainerd(node: Machine): Promise<void> {
  const folder = builtFolder('containerd')
  // It starts the shim, and the shim starts runc, by name.
  const path = [folder, builtFolder('runc')]
  const log = logFile(`${node.name}/containerd`)
  const before = existsSync(log) ? statSync(log).size : 0
  startOn(node, 'containerd', [join(folder, 'containerd'), '--config', machineFile(node.name, 'containerd.toml')], path)
  await waitUntil(`containerd of ${node.name} answers`, async () => {
    const target = ['--target', String(holderOf(node).pid), '--mount', '--net']
    return (await attempt('nsenter', [...target, join(folder, 'ctr'), '-a', containerdSocket, 'version'])).code === 0
  })
  // It answers a little before it takes the kubelet's requests, and a kubelet that comes in between ends.
  await waitUntil(`containerd of ${node.name} serves`, async () => readFileSync(log).subarray(before).includes('containerd successfully booted'))
}

function startKubelet(node: Machine, version: ClusterVersion): void {
  startOn(node, 'kubelet', [
    join(builtFolder(version.tools), 'kubelet'),
    `--config=${machineFile(node.name, 'kubelet.json')}`,
    `--kubeconfig=${kubeconfigFile(node.name)}`,
    `--hostname-override=${node.name}`,
    `--node-ip=${node.address}`,
  ])
}

function startKubeProxy(node: Machine, version: ClusterVersion): void {
  startOn(node, 'kube-proxy', [
    join(builtFolder(version.tools), 'kube-proxy'),
    `--config=${machineFile(node.name, 'kube-proxy.json')}`,
    `--hostname-override=${node.name}`,
  ])
}
