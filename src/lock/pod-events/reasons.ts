/**
 * What is told of pods as Events: the table of docs/lock.md. Of what is to be sent, a lower rank comes first: what went
 * wrong, then what is still so, then what is over.
 */
export const eventReasons = {
  StartedWithoutLock: { type: 'Warning', rank: 0 },
  StartupLockExpired: { type: 'Warning', rank: 0 },
  DependencyTimedOut: { type: 'Warning', rank: 0 },
  DependencyNotJudged: { type: 'Warning', rank: 0 },
  WaitingForDependency: { type: 'Normal', rank: 1 },
  StartupLockWaiting: { type: 'Normal', rank: 1 },
  StartupLockGranted: { type: 'Normal', rank: 1 },
  StartupLockReleased: { type: 'Normal', rank: 2 },
} as const satisfies Readonly<Record<string, { readonly type: 'Normal' | 'Warning'; readonly rank: number }>>

/** The reason of an Event, as people and metrics see it. */
export type EventReason = keyof typeof eventReasons

/**
 * Whoever waits for less is worth no Event: a cluster with nothing to do makes none. About what a slow image takes,
 * and less than what makes somebody ask why a pod does not start.
 */
export const worthMs = 5_000
