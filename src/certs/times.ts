import { backdatedMs } from './issue.ts'

/** From when to when something is valid, in milliseconds since 1970. */
export interface Span {
  readonly from: number
  readonly to: number
}

/** Whether it is valid at a time. */
export function isValidAt({ from, to }: Span, now: number): boolean {
  return from <= now && now < to
}

/** Why a certificate is of no use at a time; undefined: it is valid. */
export function timeFault({ from, to }: Span, now: number): string | undefined {
  if (now < from) return `the certificate is valid only from ${new Date(from).toISOString()} on`
  return now < to ? undefined : `the certificate has expired at ${new Date(to).toISOString()}`
}

/** When a certificate is to be renewed: at two thirds of its life, a third before its end. */
export function dueAt({ from, to }: Span): number {
  const span = to - from
  return to - (span > backdatedMs ? span - backdatedMs : span) / 3
}

/** When a certificate whose callers cannot be seen is replaced: half-way from there to its end. */
export function unseenDueAt(leaf: Span): number {
  return (dueAt(leaf) + leaf.to) / 2
}

/** How often all is looked at: what others undo is mended within a minute, and what is short-lived is seen often enough. */
export function lookEveryMs(lifeMs: number): number {
  return Math.max(1_000, Math.min(20_000, lifeMs / 20))
}

/**
 * How long those who call must have been seen to trust a CA before its certificate is served. An API server hears of a
 * changed configuration by a watch: in some milliseconds, or when it has its watch again.
 */
export function settleMs(lifeMs: number): number {
  return Math.min(60_000, lifeMs / 10)
}
