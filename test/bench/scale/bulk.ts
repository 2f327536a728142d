import { setTimeout as pause } from 'node:timers/promises'
import { type ApiAccess, type ApiAnswer, ApiConnection } from '../admission/api-connection.ts'
import { nowMs } from '../support/clock.ts'

/** Requests of one kind. */
export interface Bulk {
  readonly count: number
  readonly connections: number
  /** Undefined: as fast as they are answered. */
  readonly perSecond?: number
  /** The bytes of a request, by its number from 0. */
  readonly request: (index: number) => Buffer
  readonly answered?: (index: number, answer: ApiAnswer, sentMs: number) => void
}

/** Sends many requests on a few connections, in their order; throws where one is not answered with success. */
export async function sendAll(access: ApiAccess, bulk: Bulk, signal: AbortSignal): Promise<void> {
  const { promise: failure, reject } = Promise.withResolvers<never>()
  failure.catch(() => {})
  const open = await Promise.all(Array.from({ length: bulk.connections }, () => ApiConnection.open(access, reject)))
  const startMs = nowMs()
  let next = 0

  async function work(connection: ApiConnection): Promise<void> {
    for (let index = next++; index < bulk.count; index = next++) {
      signal.throwIfAborted()
      const dueMs = bulk.perSecond === undefined ? 0 : startMs + (index * 1_000) / bulk.perSecond
      const waitMs = dueMs - nowMs()
      if (waitMs > 0) await pause(waitMs)
      const request = bulk.request(index)
      const sentMs = nowMs()
      const answer = await connection.ask(request)
      if (answer.status >= 300) throw new Error(`a request was answered with ${answer.status}: ${answer.received.toString().slice(-500)}`)
      bulk.answered?.(index, answer, sentMs)
    }
  }
  try {
    await Promise.race([Promise.all(open.map(work)), failure])
  } finally {
    for (const connection of open) connection.close()
  }
}
