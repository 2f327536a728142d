/** A group of tools that is built from one Go module. */
interface ToolGroup {
  /** The folder of the Go module, here: groups may share one. */
  readonly folder: string
  /** The module that carries the version. */
  readonly module: string
  /** Binaries, and the packages that they are built from; each is a `tool` of the go.mod. */
  readonly packages: Readonly<Record<string, string>>
  /** Files of manifests to be kept beside the binaries, and what in a module they are copied from: a file or a folder of them. */
  readonly files?: Readonly<Record<string, { readonly module: string; readonly path: string }>>
  /** Variables that the linker sets, or a tool would not know its own version. */
  readonly variables?: (version: string) => Readonly<Record<string, string>>
  /** Build tags. */
  readonly tags?: readonly string[]
  /** Whether the tool is linked with C libraries. */
  readonly cgo?: boolean
}

const kubernetes = { module: 'k8s.io/kubernetes', variables: kubernetesVariables }
const clientAndServer = {
  kubectl: 'k8s.io/kubernetes/cmd/kubectl',
  'kube-apiserver': 'k8s.io/kubernetes/cmd/kube-apiserver',
}
const controllers = { 'kube-controller-manager': 'k8s.io/kubernetes/cmd/kube-controller-manager' }
const nodeAndScheduler = {
  'kube-scheduler': 'k8s.io/kubernetes/cmd/kube-scheduler',
  kubelet: 'k8s.io/kubernetes/cmd/kubelet',
  'kube-proxy': 'k8s.io/kubernetes/cmd/kube-proxy',
}
// Without what reaches the clouds' own APIs, some of which is published no more.
const providerless = ['providerless']

/** The tools, by Go module: one for each, because their dependencies differ. */
export const toolGroups = {
  kubernetes: { ...kubernetes, folder: 'kubernetes', packages: clientAndServer },
  'kubernetes-1.37': {
    ...kubernetes,
    folder: 'kubernetes',
    packages: { ...clientAndServer, ...controllers, ...nodeAndScheduler },
  },
  'kubernetes-1.29': {
    ...kubernetes,
    folder: 'kubernetes-1.29',
    packages: { ...clientAndServer, ...nodeAndScheduler },
    tags: providerless,
  },
  // Two of the modules that the controllers of 1.29 are made of are published no more; they talk to an older API server.
  'controllers-1.30': { ...kubernetes, folder: 'kubernetes-1.30', packages: controllers, tags: providerless },
  etcd: { folder: 'etcd', module: 'go.etcd.io/etcd/server/v3', packages: { etcd: 'go.etcd.io/etcd/server/v3' } },
  helm: {
    folder: 'helm',
    module: 'helm.sh/helm/v4',
    packages: { helm: 'helm.sh/helm/v4/cmd/helm' },
    variables: (version) => ({ 'helm.sh/helm/v4/internal/version.version': version }),
  },
  helm3: {
    folder: 'helm3',
    module: 'helm.sh/helm/v3',
    packages: { helm: 'helm.sh/helm/v3/cmd/helm' },
    variables: (version) => ({ 'helm.sh/helm/v3/internal/version.version': version }),
  },
  containerd: {
    folder: 'containerd',
    module: 'github.com/containerd/containerd/v2',
    packages: {
      containerd: 'github.com/containerd/containerd/v2/cmd/containerd',
      'containerd-shim-runc-v2': 'github.com/containerd/containerd/v2/cmd/containerd-shim-runc-v2',
      ctr: 'github.com/containerd/containerd/v2/cmd/ctr',
    },
    variables: (version) => ({ 'github.com/containerd/containerd/v2/version.Version': version }),
    // Snapshotters that need libraries or devices, and that no test uses.
    tags: ['no_btrfs', 'no_zfs', 'no_devmapper', 'no_aufs'],
  },
  runc: {
    folder: 'runc',
    module: 'github.com/opencontainers/runc',
    packages: { runc: 'github.com/opencontainers/runc' },
    variables: (version) => ({ 'main.version': version.slice(1) }),
    // Without seccomp every pod fails, for the kubelet asks for its default profile.
    tags: ['seccomp'],
    cgo: true,
  },
  cni: {
    folder: 'cni',
    module: 'github.com/containernetworking/plugins',
    packages: {
      bridge: 'github.com/containernetworking/plugins/plugins/main/bridge',
      loopback: 'github.com/containernetworking/plugins/plugins/main/loopback',
      'host-local': 'github.com/containernetworking/plugins/plugins/ipam/host-local',
      portmap: 'github.com/containernetworking/plugins/plugins/meta/portmap',
    },
    variables: (version) => ({ 'github.com/containernetworking/plugins/pkg/utils/buildversion.BuildVersion': version }),
  },
  contour: {
    folder: 'contour',
    module: 'github.com/projectcontour/contour',
    packages: { contour: 'github.com/projectcontour/contour/cmd/contour' },
    variables: (version) => ({ 'github.com/projectcontour/contour/internal/build.Version': version }),
    files: {
      'contour.yaml': { module: 'github.com/projectcontour/contour', path: 'examples/contour/01-crds.yaml' },
      'gateway-api.yaml': { module: 'sigs.k8s.io/gateway-api', path: 'config/crd/standard' },
    },
  },
  coredns: {
    folder: 'coredns',
    module: 'github.com/coredns/coredns',
    packages: { coredns: 'github.com/coredns/coredns' },
  },
  registry: {
    folder: 'registry',
    module: 'github.com/distribution/distribution/v3',
    packages: { registry: 'github.com/distribution/distribution/v3/cmd/registry' },
    variables: (version) => ({ 'github.com/distribution/distribution/v3/version.version': version }),
  },
  kwok: {
    folder: 'kwok',
    module: 'sigs.k8s.io/kwok',
    packages: { kwok: 'sigs.k8s.io/kwok/cmd/kwok' },
    variables: (version) => ({ 'sigs.k8s.io/kwok/pkg/consts.Version': version }),
  },
} as const satisfies Readonly<Record<string, ToolGroup>>

/** The name of a group. */
export type GroupName = keyof typeof toolGroups

/** Whether this is the name of a group. */
export function isGroupName(name: string): name is GroupName {
  return Object.hasOwn(toolGroups, name)
}

/** A group by its name, whatever it leaves out. */
export function toolGroup(name: GroupName): ToolGroup {
  return toolGroups[name]
}

function kubernetesVariables(version: string): Readonly<Record<string, string>> {
  const [major = '', minor = ''] = version.slice(1).split('.')
  const variables: Record<string, string> = {}
  for (const place of ['k8s.io/component-base/version', 'k8s.io/client-go/pkg/version']) {
    Object.assign(variables, {
      [`${place}.gitVersion`]: version,
      [`${place}.gitMajor`]: major,
      [`${place}.gitMinor`]: minor,
    })
  }
  return variables
}
