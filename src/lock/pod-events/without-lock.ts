import type { Clock } from '../../units/clock.ts'
import type { PodFacts, PodSource, WaitContainer } from '../pods.ts'
import type { Notices } from './notice.ts'
import { withoutLockWords } from './words.ts'

/** Where starts without the lock are looked for, and told. */
export interface WithoutLockOptions {
  readonly pods: PodSource
  readonly clock: Clock
  /** Milliseconds since 1970, by the node's clock: the kubelet's times are of it. */
  readonly date: () => number
  readonly notices: Notices
  /** Called for each of them. */
  readonly seen: () => void
}

/**
 * What was there before the first list is told only if it is so young: it tells of the lock being down until now, and
 * a lock that is restarted again and again does not tell old stories.
 */
const youngMs = 10 * 60_000

/** Tells of pods whose usher-wait has given up; until the returned function is called. */
export function watchStartsWithoutLock({ pods, clock, date, notices, seen }: WithoutLockOptions): () => void {
  function hear(pod: PodFacts, before: PodFacts | undefined): void {
    const { wait, uid, namespace, name } = pod
    if (wait?.message === undefined || !hasGivenUp(wait) || isSame(before?.wait, wait) || pod.isOver) return
    const agoMs = Math.max(0, date() - (wait.finishedAt ?? date()))
    if (before === undefined && (wait.finishedAt === undefined || agoMs > youngMs)) return
    seen()
    const message = withoutLockWords(wait.message)
    const at = clock.now() - agoMs
    notices({
      pod: { uid, namespace, name },
      reason: 'StartedWithoutLock',
      // Another start has another container.
      occasion: wait.id,
      dueAt: clock.now(),
      tell: () => ({ message, count: 1, firstAt: at, lastAt: at }),
    })
  }

  const unwatch = pods.watch({ changed: hear, gone: () => {}, synced: () => {} })
  for (const pod of pods.all()) hear(pod, undefined)
  return unwatch
}

/** Its last words, as src/native/wait/ has them; the end of them may be cut off. */
const givenUp = /^(?:no lock has answered at |the wait is over after |no startup lock, the pod starts without it)/

function hasGivenUp({ isFinished, message = '' }: WaitContainer): boolean {
  return isFinished && (givenUp.test(message) || message.endsWith(': the pod starts without the startup lock'))
}

function isSame(before: WaitContainer | undefined, now: WaitContainer): boolean {
  return before?.id === now.id && before.isFinished
}
