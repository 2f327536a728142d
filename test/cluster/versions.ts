import type { GroupName } from '../go-tools/tool-groups.ts'

/** A version of Kubernetes that the cluster can run. */
export interface ClusterVersion {
  readonly minor: string
  /** The group of its API server, scheduler, kubelet, kube-proxy and kubectl. */
  readonly tools: GroupName
  /** The group of its controllers. */
  readonly controllers: GroupName
  /** How its kube-proxy makes services. */
  readonly proxyMode: 'iptables' | 'nftables'
}

// usher supports Kubernetes 1.29 to 1.37. These are the two ends: native sidecars are on by default since 1.29, and the
// native sleep of a preStop hook since 1.30, so that in the oldest the nap is exec'd.
const versions: readonly ClusterVersion[] = [
  { minor: '1.29', tools: 'kubernetes-1.29', controllers: 'controllers-1.30', proxyMode: 'iptables' },
  { minor: '1.37', tools: 'kubernetes-1.37', controllers: 'kubernetes-1.37', proxyMode: 'nftables' },
]

/** The version that runs where none is asked for. */
export const newestVersion = '1.37'

/** A version by its minor: `1.37`. Throws where the cluster does not run it. */
export function clusterVersion(minor: string): ClusterVersion {
  const found = versions.find((version) => version.minor === minor)
  if (found !== undefined) return found
  const known = versions.map((version) => version.minor).join(' and ')
  throw new Error(`--kube-version ${minor}: the cluster runs ${known}, the two ends of what usher supports`)
}
