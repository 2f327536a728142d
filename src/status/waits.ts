import type { StateView } from '../lock/state-view.ts'

/** How long pods wait for a lock, in seconds; undefined: nobody does, or did. */
export interface Waits {
  /** Of those who wait now. */
  readonly longestNow: number | undefined
  /** Of the starts of the last hour. */
  readonly median: number | undefined
  readonly longest: number | undefined
}

/** Measures the waits of a node. */
export function waitsOf({ waiters, starts }: Pick<StateView, 'waiters' | 'starts'>): Waits {
  const past = starts
    .map(({ arrivedAt, grantedAt }) => (Date.parse(grantedAt) - Date.parse(arrivedAt)) / 1_000)
    .filter((seconds) => Number.isFinite(seconds))
    .toSorted((left, right) => left - right)
  return {
    longestNow: waiters.length === 0 ? undefined : Math.max(...waiters.map(({ waitedSeconds }) => waitedSeconds)),
    median: past[Math.floor((past.length - 1) / 2)],
    longest: past.at(-1),
  }
}
