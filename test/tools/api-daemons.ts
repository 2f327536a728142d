import type { Cluster } from '../../src/kube/cluster.ts'
import { requestJson } from '../../src/kube/request.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { daemonPodJson, daemonSetJson, type DaemonSetParts, daemonStatus } from '../support/daemon-json.ts'
import { objectAt, shown } from '../support/pod-reader.ts'

/** Nodes and DaemonSets as their controller and a kubelet would make them, without either. */
export interface ApiDaemons {
  /** Creates a Node. */
  node(name: string, labels?: JsonObject): Promise<void>
  /** Gives it these taints and no others. */
  taint(name: string, taints: readonly JsonObject[]): Promise<void>
  /** Creates a DaemonSet of the namespace `default`. */
  daemonSet(name: string, parts?: DaemonSetParts): Promise<void>
  /** Creates its pod on node n1, and gives the uid. */
  pod(name: string): Promise<string>
  /** Says of its pod that its container runs since then, and whether it is ready. */
  setUp(name: string, startedAt: Date, ready?: boolean): Promise<void>
  /** Says of its pod that it is bound, and no more. */
  setPending(name: string): Promise<void>
}

const daemonSets = '/apis/apps/v1/namespaces/default/daemonsets'
const pods = '/api/v1/namespaces/default/pods'
const contentType = 'application/merge-patch+json'

/** Writes Nodes, and DaemonSets of the namespace `default` with a pod each. */
export function apiDaemons(config: Cluster): ApiDaemons {
  const { signal } = new AbortController()
  const post = (path: string, body: JsonObject) => requestJson(config, { method: 'POST', path, body, signal })
  const patch = (path: string, body: JsonObject) => requestJson(config, { method: 'PATCH', path, contentType, body, signal })
  const uidOf = (object: JsonObject): string => shown(objectAt(object, 'metadata')['uid'])
  const inDefault = (json: JsonObject, metadata: JsonObject): JsonObject => ({ ...json, metadata: { ...objectAt(json, 'metadata'), namespace: 'default', uid: undefined, ...metadata } })
  const setStatus = (name: string, status: JsonObject) => patch(`${pods}/${name}-x7k2p/status`, { status })
  return {
    async node(name, labels = {}) {
      await post('/api/v1/nodes', { metadata: { name, labels } })
      // The API server takes a new one for not ready.
      await patch(`/api/v1/nodes/${name}`, { spec: { taints: null } })
    },
    taint: async (name, taints) => void (await patch(`/api/v1/nodes/${name}`, { spec: { taints } })),
    daemonSet: async (name, parts) => void (await post(daemonSets, inDefault(daemonSetJson(name, parts), {}))),
    async pod(name) {
      const owner = await requestJson(config, { path: `${daemonSets}/${name}`, signal })
      const ownerReferences = [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name, uid: uidOf(owner), controller: true }]
      return uidOf(await post(pods, inDefault(daemonPodJson(name), { ownerReferences })))
    },
    setUp: async (name, startedAt, ready = true) => void (await setStatus(name, daemonStatus(startedAt, ready))),
    setPending: async (name) => void (await setStatus(name, { ...daemonStatus(undefined, false), containerStatuses: null })),
  }
}
