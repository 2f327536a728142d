import type { KubeConfig } from '@kubernetes/client-node'
import { isObject, type JsonObject } from '../units/json.ts'
import { type ApiRequest, requestJson } from './request.ts'

// As kubectl has it.
const pageSize = '500'

/** All objects of a list, page by page. Throws as {@link requestJson}. */
export function listAll(config: KubeConfig, request: ListRequest): Promise<readonly JsonObject[]> {
  return listPicked(config, request, (object) => object)
}

/** As {@link listAll}, of which nothing is kept but what is picked of each; undefined: nothing of it. */
export async function listPicked<T>(config: KubeConfig, { path, query = {}, signal }: ListRequest, pick: (object: JsonObject) => T | undefined): Promise<readonly T[]> {
  const picked: T[] = []
  let next: string | undefined
  do {
    // oxlint-disable-next-line no-await-in-loop -- each page names the next one
    const { items, metadata } = await requestJson(config, { path, query: { ...query, limit: pageSize, continue: next }, signal })
    if (!Array.isArray(items)) throw new Error(`${path}: the answer is not a list`)
    for (const item of items) {
      const value = isObject(item) ? pick(item) : undefined
      if (value !== undefined) picked.push(value)
    }
    const token = isObject(metadata) ? metadata['continue'] : undefined
    next = typeof token === 'string' && token !== '' ? token : undefined
  } while (next !== undefined)
  return picked
}

/** Which list. */
export type ListRequest = Pick<ApiRequest, 'path' | 'query' | 'signal'>
