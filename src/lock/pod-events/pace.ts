import { apiBackoff, backoffMs } from '../../units/backoff.ts'
import { Bucket } from './bucket.ts'

/** What a node may ask of the API server; the sum of 5,000 nodes is in docs/lock.md. */
export const nodeLimits = { burst: 10, refillMs: 10_000 }
/** And no faster than that, so that nodes which boot together do not send all of it at once. */
export const spacingMs = 2_000
/** Rights come by hand. */
export const forbiddenPauseMs = 10 * 60_000

/** When the next request may be sent: within the limits of a node, and later where the API server does not take them. */
export class Pace {
  readonly #random: () => number
  readonly #bucket = new Bucket(nodeLimits)
  #restsUntil = -Infinity
  #failures = 0
  #forbiddenUntil = -Infinity
  #isForbidden = false

  /** @param random gives numbers from 0 to 1. */
  constructor(random: () => number) {
    this.#random = random
  }

  /** When it may be sent. */
  nextAt(): number {
    return Math.max(this.#bucket.freeAt(), this.#restsUntil)
  }

  /** Whether a request may be sent now; it counts as sent then. */
  take(now: number): boolean {
    if (this.#restsUntil > now || !this.#bucket.take(now)) return false
    this.#restsUntil = now + spacingMs
    return true
  }

  /** Whether nothing is to be sent, because there is no right to. */
  isOff(now: number): boolean {
    return now < this.#forbiddenUntil
  }

  /** The API server was not there, or wants to be left alone. True where that is news. */
  failed(now: number, retryAfterMs: number): boolean {
    this.#failures++
    const pauseMs = Math.max(retryAfterMs, backoffMs(this.#failures, apiBackoff, this.#random()))
    this.#restsUntil = Math.max(this.#restsUntil, now + pauseMs)
    return this.#failures === 1
  }

  /** There was no right to send. True where that is news. */
  forbidden(now: number): boolean {
    const isNews = !this.#isForbidden
    this.#isForbidden = true
    this.#forbiddenUntil = now + forbiddenPauseMs
    return isNews
  }

  /** The API server has answered as it should. True where that is news. */
  answered(): boolean {
    const isNews = this.#failures > 0 || this.#isForbidden
    this.#failures = 0
    this.#isForbidden = false
    return isNews
  }
}
