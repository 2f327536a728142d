import { createPublicKey, type KeyObject } from 'node:crypto'
import type { KubeConfig } from '@kubernetes/client-node'
import { apiBackoff, backoffMs } from '../units/backoff.ts'
import type { Clock } from '../units/clock.ts'
import { isObject } from '../units/json.ts'
import { systemClock } from './clock.ts'
import { ApiError, requestJson } from './request.ts'
import type { WatchListener } from './watch-health.ts'

/** The public keys of the API server's service account tokens, as it last told them. Asking waits for nothing. */
export interface ServiceAccountKeys {
  /** The key with this id; where none is known, the API server is asked again: soon, and however often this is called. */
  find(id: string): KeyObject | undefined
  /** Whether any keys have come yet. */
  isKnown(): boolean
  /** Ends requests and timers. Nothing is told afterwards. */
  stop(): void
}

/** Whose keys. */
export interface ServiceAccountKeysOptions {
  readonly config: KubeConfig
  readonly clock?: Clock
  readonly random?: () => number
}

// Keys are changed once in months, and the new one is published before it signs. Jittered by a quarter.
const askAgainMs = 10 * 60_000
// Whoever makes up an id of a key causes no more requests than that.
const leastPauseMs = 10_000

/**
 * Asks the API server for its keys (KEP-1393), at once and then every ten minutes; after a failure with growing
 * pauses. What was told last stays good until there is something newer. Every service account may ask, unless an admin has
 * taken the ClusterRole system:service-account-issuer-discovery from them.
 */
export function watchServiceAccountKeys(
  { config, clock = systemClock, random = Math.random }: ServiceAccountKeysOptions,
  listener: WatchListener,
): ServiceAccountKeys {
  const stopping = new AbortController()
  const { signal } = stopping
  let keys: ReadonlyMap<string, KeyObject> = new Map()
  let failures = 0
  let askedAt = 0
  /** Undefined while it is being asked. */
  let next: { readonly at: number; readonly cancel: () => void } | undefined

  function askAt(at: number): void {
    next?.cancel()
    next = { at, cancel: clock.after(at - clock.now(), () => void ask()) }
  }

  async function ask(): Promise<void> {
    next = undefined
    askedAt = clock.now()
    const waitMs = await askOnce()
    if (!signal.aborted) askAt(clock.now() + waitMs)
  }

  /** Returns how long to wait before the next time. */
  async function askOnce(): Promise<number> {
    try {
      const { keys: list } = await requestJson(config, { path: keysPath, accept: keysType, signal })
      const told = readKeys(list)
      if (told.size === 0) throw new Error(`${keysPath}: there is no key that can be used`)
      keys = told
      if (failures > 0 && !signal.aborted) listener.back()
      failures = 0
      return askAgainMs * (0.75 + random() / 2)
    } catch (error) {
      failures++
      if (failures === 1 && !signal.aborted) listener.lost(error)
      const asked = error instanceof ApiError ? error.retryAfterMs : 0
      return Math.max(asked, backoffMs(failures, apiBackoff, random()))
    }
  }

  function askSoon(): void {
    // After a failure it is asked soon anyway, and not sooner than it wants.
    if (next === undefined || failures > 0 || signal.aborted) return
    const soon = Math.max(clock.now(), askedAt + leastPauseMs)
    if (soon < next.at) askAt(soon)
  }

  void ask()
  return {
    find(id) {
      const key = keys.get(id)
      if (key === undefined) askSoon()
      return key
    },
    isKnown: () => keys.size > 0,
    stop() {
      stopping.abort()
      next?.cancel()
    },
  }
}

const keysPath = '/openid/v1/jwks'
// RFC 7517, 8.5. The API server has it in no other form, and answers 406 to those who want one.
const keysType = 'application/jwk-set+json'

/** The keys of a JWK set (RFC 7517) by their ids; of those that cannot be used, nothing is said (section 5). */
function readKeys(list: unknown): ReadonlyMap<string, KeyObject> {
  const keys = new Map<string, KeyObject>()
  for (const jwk of Array.isArray(list) ? list : []) {
    if (!isObject(jwk)) continue
    const { kid, use, key_ops: operations } = jwk
    if (typeof kid !== 'string' || (use !== undefined && use !== 'sig')) continue
    if (Array.isArray(operations) && !operations.includes('verify')) continue
    try {
      keys.set(kid, createPublicKey({ key: jwk, format: 'jwk' }))
    } catch {
      // Of a kind that nobody here knows.
    }
  }
  return keys
}
