import type { KubeConfig } from '@kubernetes/client-node'
import { isObject, type JsonObject } from '../units/json.ts'
import { type ApiRequest, requestJson } from './request.ts'

// As kubectl has it.
const pageSize = '500'

/** All objects of a list, page by page. Throws as {@link requestJson}. */
export async function listAll(config: KubeConfig, { path, query = {}, signal }: Pick<ApiRequest, 'path' | 'query' | 'signal'>): Promise<readonly JsonObject[]> {
  const objects: JsonObject[] = []
  let next: string | undefined
  do {
    // oxlint-disable-next-line no-await-in-loop -- each page names the next one
    const { items, metadata } = await requestJson(config, { path, query: { ...query, limit: pageSize, continue: next }, signal })
    if (!Array.isArray(items)) throw new Error(`${path}: the answer is not a list`)
    for (const item of items) if (isObject(item)) objects.push(item)
    const token = isObject(metadata) ? metadata['continue'] : undefined
    next = typeof token === 'string' && token !== '' ? token : undefined
  } while (next !== undefined)
  return objects
}
