import type { KubeConfig } from '@kubernetes/client-node'
import { isObject } from '../units/json.ts'
import { ApiError, requestJson } from './request.ts'

/** One Secret. */
export interface Secret {
  /** What it holds, decoded; undefined: it is not there. */
  read(signal: AbortSignal): Promise<Readonly<Record<string, string>> | undefined>
  /** Creates it, of type kubernetes.io/tls; false: it is there already. */
  create(data: Readonly<Record<string, string>>, signal: AbortSignal): Promise<boolean>
}

/** Reads and creates a Secret. Throws where the API server refuses, or does not answer. */
export function secretIn(config: KubeConfig, namespace: string, name: string): Secret {
  const collection = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`
  return {
    async read(signal) {
      try {
        const { data } = await requestJson(config, { path: `${collection}/${encodeURIComponent(name)}`, signal })
        const fields = isObject(data) ? Object.entries(data) : []
        return Object.fromEntries(fields.map(([key, value]) => [key, Buffer.from(typeof value === 'string' ? value : '', 'base64').toString()]))
      } catch (error) {
        if (error instanceof ApiError && error.status === 404) return undefined
        throw error
      }
    },
    async create(data, signal) {
      const encoded = Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])
      const body = {
        apiVersion: 'v1',
        kind: 'Secret',
        metadata: { name, namespace, labels: { 'app.kubernetes.io/name': 'usher', 'app.kubernetes.io/managed-by': 'usher' } },
        type: 'kubernetes.io/tls',
        data: Object.fromEntries(encoded),
      }
      try {
        await requestJson(config, { method: 'POST', path: collection, body, signal })
        return true
      } catch (error) {
        if (error instanceof ApiError && error.status === 409) return false
        throw error
      }
    },
  }
}
