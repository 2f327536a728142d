/**
 * Where everything of the cluster is on the network: a bridge of its own in a private range. `control` and every node
 * are machines in network namespaces; this machine itself only has an address on the bridge, and routes through it.
 */
export const bridgeName = 'usher0'

/** The range that all of the cluster's addresses are in; nothing else of this machine may route into it. */
export const clusterRange = '10.213.0.0/16'

/** The prefix of the machines' addresses. */
export const machinePrefixLength = 24

/** This machine's own address on the bridge. */
export const hostAddress = '10.213.0.1'

/** The addresses of services. */
export const serviceRange = '10.213.128.0/17'

/** The range that the nodes' pods are in. */
export const podRange = '10.213.64.0/18'

/** The addresses of well-known services: the API server's is always the first of the range. */
export const serviceAddresses = { kubernetes: '10.213.128.1', dns: '10.213.128.10' } as const

/** The ports of the parts on the machine `control`. */
export const ports = { apiServer: 6443, etcd: 2379, etcdPeer: 2380, controllers: 10257, scheduler: 10259, dns: 1053 } as const

/** As many real nodes as the ranges hold, and far more than two cores do. */
export const maxNodes = 9

/** A machine of the cluster: the one of the control plane, or a node. */
export interface Machine {
  /** Also the name of its Node. */
  readonly name: string
  readonly address: string
  /** The near end of its cable, in the bridge. */
  readonly link: string
  /** The addresses of its pods; `control` has none. */
  readonly podRange?: string
}

/** The machine that the control plane runs on. No pod runs there. */
export const control: Machine = { name: 'control', address: '10.213.0.10', link: 'usher-control' }

/** The nodes of a cluster of this size: `node-1`, `node-2`, … */
export function nodesOf(count: number): readonly Machine[] {
  return Array.from({ length: count }, (_, index) => {
    const number = index + 1
    return {
      name: `node-${number}`,
      address: `10.213.0.${10 + number}`,
      link: `usher-node-${number}`,
      podRange: `10.213.${64 + number}.0/24`,
    }
  })
}

/** Ways to pods and services, for a machine that has none of them: this machine, and `control`. */
export function routesFrom(nodes: readonly Machine[]): readonly { readonly range: string; readonly via: string }[] {
  const [first] = nodes
  const pods = nodes.map(({ address, podRange: range }) => ({ range: range ?? '', via: address }))
  // The kube-proxy of any node finds the pods behind a service.
  return first === undefined ? pods : [...pods, { range: serviceRange, via: first.address }]
}
