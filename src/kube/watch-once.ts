import type { KubeConfig } from '@kubernetes/client-node'
import type { Clock } from '../units/clock.ts'
import { type ApiRequest, openAnswer } from './request.ts'
import { readEvents, type WatchEvent } from './watch-events.ts'

/** Why a watch ended: the server closed it; nothing came any more; its time was over; or it was given up. */
export type WatchEnd = 'closed' | 'silent' | 'due' | 'stopped'

/** What is told of one watch. */
export interface WatchListener {
  /** The server has agreed to it. */
  readonly opened: () => void
  /** Something came: the answer, an event, a bookmark. */
  readonly heard: () => void
  readonly event: (event: WatchEvent) => void
}

// What nobody answers is not worth waiting for.
const answerMs = 30_000
// kube-apiserver 1.37.2 was seen to send a quiet watch its first bookmark after 120 s, and then one a minute. A watch that is silent for longer has probably lost its connection, of which
// TCP alone would learn after two minutes (keep-alive) or never (a proxy that keeps it open); and where it has not, to
// begin it anew costs one request.
const silenceMs = 150_000

/**
 * Runs one watch until it ends.
 *
 * @param dueMs after which it is ended; may be Infinity.
 * @throws where the request fails, or the connection breaks, or an event is an error.
 */
export async function watchOnce(
  config: KubeConfig,
  request: ApiRequest,
  dueMs: number,
  clock: Clock,
  listener: WatchListener,
): Promise<WatchEnd> {
  const ending = new AbortController()
  const state: { end: WatchEnd; opened: boolean } = { end: 'closed', opened: false }
  function finish(because: WatchEnd): void {
    state.end = because
    ending.abort()
  }
  const stop = (): void => finish('stopped')
  const silent = (): void => finish('silent')
  request.signal.addEventListener('abort', stop)
  const cancelDue = Number.isFinite(dueMs) ? clock.after(Math.max(0, dueMs), () => finish('due')) : undefined
  let cancelSilence = clock.after(answerMs, silent)
  function heard(): void {
    cancelSilence()
    cancelSilence = clock.after(silenceMs, silent)
    listener.heard()
  }

  try {
    const answer = await openAnswer(config, { ...request, signal: ending.signal })
    try {
      state.opened = true
      listener.opened()
      heard()
      for await (const event of readEvents(noting(answer.chunks, heard))) {
        if (ending.signal.aborted) break
        listener.event(event)
      }
    } finally {
      answer.close()
    }
  } catch (error) {
    if (!ending.signal.aborted) throw error
    // oxlint-disable-next-line preserve-caught-error -- it is our own abort
    if (state.end === 'silent' && !state.opened) throw new Error(`${request.path}: no answer within ${answerMs / 1_000} s`)
  } finally {
    cancelSilence()
    cancelDue?.()
    request.signal.removeEventListener('abort', stop)
  }
  return state.end
}

async function* noting(chunks: AsyncIterable<Uint8Array>, heard: () => void): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    heard()
    yield chunk
  }
}
