import type { KubeConfig } from '@kubernetes/client-node'
import { isObject, type JsonObject } from '../units/json.ts'
import { ApiError, requestJson } from './request.ts'

/** A Secret as it was read. */
export interface FoundSecret {
  /** What it holds, decoded; undefined: it is not there. */
  readonly data: Readonly<Record<string, string>> | undefined
  /** The API server's clock, in milliseconds since 1970; undefined where it does not say. */
  readonly at: number | undefined
  /** Creates it, of type kubernetes.io/tls, or replaces what it holds; false: somebody else was faster. */
  write(data: Readonly<Record<string, string>>, signal: AbortSignal): Promise<boolean>
}

/** One Secret. */
export interface Secret {
  read(signal: AbortSignal): Promise<FoundSecret>
}

/** Reads and writes a Secret. Throws where the API server refuses, or does not answer. */
export function secretIn(config: KubeConfig, namespace: string, name: string): Secret {
  const collection = `/api/v1/namespaces/${encodeURIComponent(namespace)}/secrets`
  const path = `${collection}/${encodeURIComponent(name)}`
  return {
    async read(signal) {
      let at: number | undefined
      const found = await unless(404, requestJson(config, { path, signal, onClock: (ms) => (at = ms) }))
      return {
        at,
        data: found === undefined ? undefined : decoded(found),
        write: (data, writing) => (found === undefined ? create(data, writing) : replace(found, data, writing)),
      }
    },
  }

  async function create(data: Readonly<Record<string, string>>, signal: AbortSignal): Promise<boolean> {
    const body = {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name, namespace, labels: { 'app.kubernetes.io/name': 'usher', 'app.kubernetes.io/managed-by': 'usher' } },
      type: 'kubernetes.io/tls',
      data: encoded(data),
    }
    return (await unless(409, requestJson(config, { method: 'POST', path: collection, body, signal }))) !== undefined
  }

  /** With the version that was read: the API server refuses it when there is another one by then, or none. */
  async function replace(found: JsonObject, data: Readonly<Record<string, string>>, signal: AbortSignal): Promise<boolean> {
    const body = { ...found, data: encoded(data) }
    try {
      return (await unless(409, requestJson(config, { method: 'PUT', path, body, signal }))) !== undefined
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return false
      throw error
    }
  }
}

async function unless(status: number, answer: Promise<JsonObject>): Promise<JsonObject | undefined> {
  try {
    return await answer
  } catch (error) {
    if (error instanceof ApiError && error.status === status) return undefined
    throw error
  }
}

function decoded({ data }: JsonObject): Readonly<Record<string, string>> {
  const fields = isObject(data) ? Object.entries(data) : []
  return Object.fromEntries(fields.map(([key, value]) => [key, Buffer.from(typeof value === 'string' ? value : '', 'base64').toString()]))
}

function encoded(data: Readonly<Record<string, string>>): JsonObject {
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')]))
}
