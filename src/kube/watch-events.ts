import { isObject, type JsonObject } from '../units/json.ts'
import { ApiError } from './request.ts'

/** One event of a watch. */
export interface WatchEvent {
  readonly type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK'
  readonly object: JsonObject
}

// Objects in etcd are at most 1.5 MiB, and their JSON may be a few times as long.
const maxLineLength = 16 * 1024 * 1024

/**
 * Reads the events of a watch from its lines of JSON.
 *
 * The library's own `Watch` (2.0.1) is not used: it swallows what cannot be parsed and whatever its callback throws;
 * it can be aborted only once it has been answered; and its inactivity limit of 30 s, which is private, ends every
 * quiet watch, as the API server sends a bookmark once in one or two minutes. `test/kube/library.test.ts` shows that.
 *
 * @throws {ApiError} for an event ERROR, which carries a Status; an Error for what is not an event.
 */
export async function* readEvents(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<WatchEvent> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of chunks) {
    rest += decoder.decode(chunk, { stream: true })
    const lines = rest.split('\n')
    rest = lines.pop() ?? ''
    if (rest.length > maxLineLength) throw new Error('an event of the watch is too long')
    for (const line of lines) {
      const event = line.trim() === '' ? undefined : readEvent(line)
      if (event !== undefined) yield event
    }
  }
}

/** Undefined for a type that we do not know. */
function readEvent(line: string): WatchEvent | undefined {
  const event: unknown = JSON.parse(line)
  const object = isObject(event) ? event['object'] : undefined
  if (!isObject(event) || !isObject(object)) throw new Error('an event of the watch has no object')
  const { type } = event
  if (type === 'ERROR') {
    const { code, message } = object
    throw new ApiError(typeof code === 'number' ? code : 500, typeof message === 'string' ? message : 'no message')
  }
  if (type !== 'ADDED' && type !== 'MODIFIED' && type !== 'DELETED' && type !== 'BOOKMARK') return undefined
  return { type, object }
}
