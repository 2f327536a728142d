import type { KubeConfig } from '@kubernetes/client-node'
import type { Asked } from '../units/asked.ts'
import { isObject, type JsonObject } from '../units/json.ts'
import { ApiError, requestJson } from './request.ts'

/** A node, and the namespace whose DaemonSets are asked for; undefined: those of all. */
export interface NodeSourceOptions {
  readonly config: KubeConfig
  readonly node: string
  readonly namespace: string | undefined
}

/** The Node and the DaemonSets. */
export interface NodeLook {
  readonly node: JsonObject
  readonly daemonSets: readonly JsonObject[]
}

/** Tells of a node when it is asked to. */
export interface NodeSource {
  /** `missing`: there is no such node. */
  look(signal: AbortSignal): Promise<Asked<NodeLook>>
  /** The pods that are bound to it. */
  pods(signal: AbortSignal): Promise<Asked<readonly JsonObject[]>>
}

/**
 * Asks the API server. All that is asked for comes out of its memory (`resourceVersion=0`), as a kubelet asks: etcd hears
 * nothing of it, however many nodes there are. A watch would tell each of them of every change of a status.
 */
export function nodeSourceOf({ config, node, namespace }: NodeSourceOptions): NodeSource {
  const daemonSets = namespace === undefined ? '/apis/apps/v1/daemonsets' : `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/daemonsets`
  const get = (path: string, signal: AbortSignal, query = {}) => requestJson(config, { path, query: { ...query, resourceVersion: '0' }, signal })
  async function getNode(signal: AbortSignal): Promise<JsonObject> {
    try {
      return await get(`/api/v1/nodes/${encodeURIComponent(node)}`, signal)
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) throw new MissingNodeError(`there is no node ${JSON.stringify(node)} in this cluster`, { cause: error })
      throw error
    }
  }
  return {
    look: (signal) =>
      asked(async () => {
        const [found, list] = await Promise.all([getNode(signal), get(daemonSets, signal)])
        return { node: found, daemonSets: itemsOf(list, daemonSets) }
      }),
    pods: (signal) => asked(async () => itemsOf(await get('/api/v1/pods', signal, { fieldSelector: `spec.nodeName=${node}` }), '/api/v1/pods')),
  }
}

class MissingNodeError extends Error {
  override readonly name = 'MissingNodeError'
}

async function asked<T>(ask: () => Promise<T>): Promise<Asked<T>> {
  try {
    return { kind: 'told', value: await ask() }
  } catch (error) {
    const kind = isDenied(error) ? 'denied' : error instanceof MissingNodeError ? 'missing' : 'failed'
    return { kind, error: error instanceof Error ? error : new Error(String(error)) }
  }
}

/** Whether the API server knows us not, or lets us not do what we asked for. */
export function isDenied(error: unknown): boolean {
  return error instanceof ApiError && (error.status === 401 || error.status === 403)
}

function itemsOf({ items }: JsonObject, path: string): readonly JsonObject[] {
  if (!Array.isArray(items)) throw new Error(`${path}: the answer is not a list`)
  return items.filter(isObject)
}
