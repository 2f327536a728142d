import { networkInterfaces } from 'node:os'
import { fromKubeconfig } from '../../src/kube/cluster.ts'
import { type ApiRequest, requestJson } from '../../src/kube/request.ts'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { objectAt } from '../support/pod-reader.ts'
import type { ApiServer } from './api-server.ts'
import { objectsIn, template } from './chart.ts'
import type { Shell } from './shell.ts'

/** Where the locks of these tests are installed. */
export const namespace = 'usher-system'

/** Nodes with locks on an API server, without kubelets: what a DaemonSet's controller and they would have made. */
export interface InstalledLocks {
  /** A Node whose kubelet listens on this port. */
  addNode(name: string, kubeletPort?: number): Promise<void>
  /** The pod of a lock on a node, as the chart has it but for these flags; ready, at an address of this machine. */
  addLock(node: string, flags: readonly string[]): Promise<string>
}

/** Makes the namespace and the account, and gives what makes nodes and locks. */
export async function installLocks(server: ApiServer, shell: Shell): Promise<InstalledLocks> {
  const rendered = objectsIn(await shell.read(`${template} --show-only templates/lock.yaml`))
  await shell.read(`kubectl create namespace ${namespace} && kubectl create serviceaccount usher-lock -n ${namespace}`)
  return lockPodMaker(server, rendered)
}

/** Makes nodes, and pods of the DaemonSet that is among these objects, where namespace and account are there. */
export function lockPodMaker(server: ApiServer, rendered: readonly JsonObject[]): InstalledLocks {
  const config = fromKubeconfig(server.kubeconfig)
  const { signal } = new AbortController()
  const send = (request: Omit<ApiRequest, 'signal'>) => requestJson(config, { ...request, signal })
  const status = (path: string, body: JsonObject) =>
    send({ method: 'PATCH', path: `${path}/status`, contentType: 'application/merge-patch+json', body: { status: body } })
  const daemonSet = rendered.find(({ kind }) => kind === 'DaemonSet')
  if (daemonSet === undefined) throw new Error('the chart has no DaemonSet')
  const pods = `/api/v1/namespaces/${namespace}/pods`

  return {
    async addNode(name, kubeletPort = 1) {
      await send({ method: 'POST', path: '/api/v1/nodes', body: { metadata: { name } } })
      await status(`/api/v1/nodes/${name}`, {
        addresses: [{ type: 'InternalIP', address: '127.0.0.1' }],
        daemonEndpoints: { kubeletEndpoint: { Port: kubeletPort } },
      })
    },
    async addLock(node, flags) {
      const { metadata, spec } = objectAt(daemonSet, 'spec', 'template')
      const name = `usher-lock-${node}`
      await send({ method: 'POST', path: pods, body: { metadata: { ...object(metadata), name }, spec: { ...withFlags(object(spec), flags), nodeName: node } } })
      await status(`${pods}/${name}`, {
        phase: 'Running',
        podIP: ownAddress(),
        podIPs: [{ ip: ownAddress() }],
        containerStatuses: ['lock', 'hold'].map((container) => ({
          name: container,
          image: container,
          imageID: '',
          ready: true,
          restartCount: 0,
          state: { running: { startedAt: '2026-11-25T10:00:00Z' } },
        })),
      })
      return name
    },
  }
}

/** An address of this machine that is not on the loopback, to which the API server connects nobody. */
export function ownAddress(): string {
  const found = Object.values(networkInterfaces()).flat().find((each) => each !== undefined && !each.internal && each.family === 'IPv4')
  if (found === undefined) throw new Error('this machine has no address but those of the loopback')
  return found.address
}

function withFlags(spec: JsonObject, flags: readonly string[]): JsonObject {
  const names = flags.map((flag) => `${flag.split('=', 1)[0]}=`)
  const containers = (Array.isArray(spec['containers']) ? spec['containers'] : []).filter(isObject).map((container) => {
    if (container['name'] !== 'lock') return container
    const args = (Array.isArray(container['args']) ? container['args'] : []).filter((arg) => typeof arg === 'string')
    // No port of the node: there is one machine, and several locks may be on it.
    const { ports: _ports, ...rest } = container
    return { ...rest, startupProbe: null, readinessProbe: null, livenessProbe: null, args: [...args.filter((arg) => !names.some((name) => arg.startsWith(name))), ...flags] }
  })
  return { ...spec, containers }
}

function object(value: unknown): JsonObject {
  if (!isObject(value)) throw new Error('not an object')
  return value
}
