import { mkdirSync, writeFileSync } from 'node:fs'
import { builtFolder } from '../go-tools/tool-folder.ts'
import { kubeconfigFile, secretFile } from './certificates.ts'
import { podCgroup } from './cgroups.ts'
import { machineFile } from './folders.ts'
import { type Machine, podRange, serviceAddresses } from './plan.ts'
import type { ClusterVersion } from './versions.ts'

/** Where containerd listens, on each node; `/run` is a node's own. */
export const containerdSocket = '/run/containerd/containerd.sock'

/** The image of the process that keeps a pod's namespaces. */
export const pauseImage = 'usher.local/pause:1'

/** Of a machine's files, the folder of the pods that its kubelet runs without being told by the API server. */
export const staticPods = 'static-pods'

/** Writes the configuration of a node's parts. */
export function writeNodeConfig(node: Machine, version: ClusterVersion): void {
  mkdirSync(machineFile(node.name, 'cni'), { recursive: true })
  mkdirSync(machineFile(node.name, staticPods), { recursive: true })
  write(node, 'cni/10-bridge.conflist', network(node))
  write(node, 'kubelet.json', kubelet(node))
  write(node, 'kube-proxy.json', kubeProxy(node, version))
  writeFileSync(machineFile(node.name, 'containerd.toml'), containerd(node))
}

function containerd(node: Machine): string {
  return `
    version = 3
    root = '/var/lib/containerd'
    state = '/run/containerd'
    disabled_plugins = ['io.containerd.internal.v1.opt', 'io.containerd.nri.v1.nri', 'io.containerd.tracing.processor.v1.otlp']
    [grpc]
      address = '${containerdSocket}'
    [ttrpc]
      address = '${containerdSocket}.ttrpc'
    [plugins.'io.containerd.cri.v1.images']
      snapshotter = 'overlayfs'
      [plugins.'io.containerd.cri.v1.images'.pinned_images]
        sandbox = '${pauseImage}'
    [plugins.'io.containerd.cri.v1.runtime']
      # Not every root may make a process harder to kill when memory runs out; where one may not, no sandbox would start.
      restrict_oom_score_adj = true
      [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc]
        runtime_type = 'io.containerd.runc.v2'
        [plugins.'io.containerd.cri.v1.runtime'.containerd.runtimes.runc.options]
          SystemdCgroup = false
      [plugins.'io.containerd.cri.v1.runtime'.cni]
        bin_dirs = ['${builtFolder('cni')}']
        conf_dir = '${machineFile(node.name, 'cni')}'
  `
}

function network({ podRange: range }: Machine): object {
  // Leases that are lost with a reboot, as their pods' networks are.
  const ipam = { type: 'host-local', dataDir: '/run/cni', ranges: [[{ subnet: range }]], routes: [{ dst: '0.0.0.0/0' }] }
  return {
    cniVersion: '1.0.0',
    name: 'pods',
    plugins: [
      { type: 'bridge', bridge: 'pods', isGateway: true, hairpinMode: true, ipam },
      { type: 'portmap', capabilities: { portMappings: true }, snat: true },
    ],
  }
}

function kubelet(node: Machine): object {
  return {
    apiVersion: 'kubelet.config.k8s.io/v1beta1',
    kind: 'KubeletConfiguration',
    address: node.address,
    healthzBindAddress: '127.0.0.1',
    authentication: { anonymous: { enabled: false }, webhook: { enabled: true }, x509: { clientCAFile: secretFile('ca.crt') } },
    authorization: { mode: 'Webhook' },
    tlsCertFile: secretFile(`${node.name}-server.crt`),
    tlsPrivateKeyFile: secretFile(`${node.name}-server.key`),
    containerRuntimeEndpoint: `unix://${containerdSocket}`,
    cgroupDriver: 'cgroupfs',
    cgroupRoot: podCgroup(node.name),
    failCgroupV1: false,
    failSwapOn: false,
    oomScoreAdj: 0,
    clusterDNS: [serviceAddresses.dns],
    clusterDomain: 'cluster.local',
    resolvConf: '',
    staticPodPath: machineFile(node.name, staticPods),
    volumePluginDir: '/var/lib/kubelet/volume-plugins',
    // The disk is this machine's, and however full it is, nothing of it is the cluster's to free.
    imageGCHighThresholdPercent: 100,
    evictionHard: { 'memory.available': '50Mi', 'nodefs.available': '0%', 'nodefs.inodesFree': '0%', 'imagefs.available': '0%' },
    // A test waits for each of these.
    syncFrequency: '1s',
    nodeStatusUpdateFrequency: '2s',
  }
}

function kubeProxy(node: Machine, version: ClusterVersion): object {
  return {
    apiVersion: 'kubeproxy.config.k8s.io/v1alpha1',
    kind: 'KubeProxyConfiguration',
    bindAddress: '0.0.0.0',
    healthzBindAddress: '127.0.0.1:10256',
    metricsBindAddress: '127.0.0.1:10249',
    clientConnection: { kubeconfig: kubeconfigFile('kube-proxy') },
    hostnameOverride: node.name,
    mode: version.proxyMode,
    clusterCIDR: podRange,
    oomScoreAdj: 0,
    // These are the whole machine's, not the node's.
    conntrack: { maxPerCore: 0, min: 0, tcpEstablishedTimeout: '0s', tcpCloseWaitTimeout: '0s' },
  }
}

function write(node: Machine, name: string, content: object): void {
  writeFileSync(machineFile(node.name, name), JSON.stringify(content, undefined, 2))
}
