import type { Cluster } from '../../src/kube/cluster.ts'
import { requestJson } from '../../src/kube/request.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { podJson } from '../support/pod-json.ts'
import { objectAt } from '../support/pod-reader.ts'

/** The pods of node n1 as a scheduler and a kubelet would make them, without either. */
export interface ApiPods {
  /** Creates a pod, bound to the node; gives its uid. */
  create(name: string, parts?: { readonly metadata?: JsonObject; readonly spec?: JsonObject }): Promise<string>
  /** Writes the status of a pod, as its kubelet does. */
  setStatus(name: string, status: JsonObject): Promise<void>
  /** All of them, as a list has them. */
  list(): Promise<JsonObject>
}

const path = '/api/v1/namespaces/default/pods'

/** Writes pods of the namespace `default`. */
export function apiPods(config: Cluster): ApiPods {
  const { signal } = new AbortController()
  return {
    async create(name, { metadata = {}, spec = {} } = {}) {
      const { metadata: usual, spec: usualSpec } = podJson(name)
      const { labels, annotations, ownerReferences } = objectAt({ usual }, 'usual')
      const body = {
        metadata: { name, labels, annotations, ownerReferences, ...metadata },
        spec: { ...objectAt({ usualSpec }, 'usualSpec'), ...spec },
      }
      const { uid } = objectAt(await requestJson(config, { method: 'POST', path, body, signal }), 'metadata')
      if (typeof uid !== 'string') throw new Error(`${name} has no uid`)
      return uid
    },
    async setStatus(name, status) {
      const contentType = 'application/merge-patch+json'
      await requestJson(config, { method: 'PATCH', path: `${path}/${name}/status`, contentType, body: { status }, signal })
    },
    list: () => requestJson(config, { path, signal }),
  }
}
