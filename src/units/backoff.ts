/** How long to wait after failures in a row. */
export interface BackoffLimits {
  /** After the first one. */
  readonly firstMs: number
  /** After many. */
  readonly mostMs: number
}

/** What client-go's reflector does, too: from about a second to half a minute. */
export const apiBackoff: BackoffLimits = { firstMs: 1_000, mostMs: 30_000 }

/**
 * The wait after so many failures in a row, doubling from one to the next. Jittered from half of it to all of it, so
 * that clients that have lost the same server do not come back together.
 *
 * @param random from 0 to 1, as `Math.random` gives it.
 */
export function backoffMs(failures: number, limits: BackoffLimits, random: number): number {
  // 2 ** 1024 is Infinity, of which the least is still the most that is allowed.
  const whole = Math.min(limits.mostMs, limits.firstMs * 2 ** Math.max(0, failures - 1))
  return whole * (0.5 + random / 2)
}
