import { failedDetail, goesOnDetail, without } from '../depends-on/gate-words.ts'
import type { DependencyGate } from '../depends-on/dependency-gate.ts'
import type { GatedPod } from '../depends-on/gated-pod.ts'
import type { Clock } from '../../units/clock.ts'
import type { Notice, Notices } from './notice.ts'
import { type EventReason, worthMs } from './reasons.ts'
import { againMs } from './waits.ts'
import { dependencyWords } from './words.ts'

/**
 * Tells pods that wait for what they depend on so, again while they do, and what has come of it where that is not what
 * they waited for; until the returned function is called.
 */
export function watchDependencyWaits(gate: Pick<DependencyGate, 'follow' | 'find'>, clock: Clock, notices: Notices): () => void {
  /** By uid, what ends its next telling. */
  const timers = new Map<string, () => void>()

  function tellIn(uid: string, ms: number): void {
    timers.set(uid, clock.after(ms, () => tell(uid)))
  }

  function tell(uid: string): void {
    const pod = gate.find(uid)
    if (pod === undefined) return
    notices(waitingNotice(gate, pod, clock))
    tellIn(uid, againMs)
  }

  const unfollow = gate.follow(({ kind, pod }) => {
    timers.get(pod.uid)?.()
    timers.delete(pod.uid)
    if (kind === 'waits') tellIn(pod.uid, Math.max(0, pod.since + worthMs - clock.now()))
    else if (kind === 'failed') notices(endNotice(pod, 'DependencyTimedOut', `${failedDetail(pod.states)}: its init container is to fail, and waits anew`, clock.now()))
    else if (kind === 'passed' && without(pod.states).length > 0) {
      const reason = pod.states.some(({ state }) => state === 'timed-out') ? 'DependencyTimedOut' : 'DependencyNotJudged'
      notices(endNotice(pod, reason, goesOnDetail(pod.states), clock.now()))
    }
  })
  return () => {
    unfollow()
    for (const cancel of timers.values()) cancel()
  }
}

function waitingNotice(gate: Pick<DependencyGate, 'find'>, { uid, namespace, name, since }: GatedPod, clock: Clock): Notice {
  return {
    pod: { uid, namespace, name },
    reason: 'WaitingForDependency',
    occasion: String(since),
    dueAt: clock.now(),
    tell() {
      const pod = gate.find(uid)
      // It may be another wait of the same pod by then.
      if (pod?.since !== since) return undefined
      const now = clock.now()
      const count = 1 + Math.floor(Math.max(0, now - since - worthMs) / againMs)
      return { message: dependencyWords(pod.detail), count, firstAt: since + worthMs, lastAt: now }
    },
  }
}

function endNotice({ uid, namespace, name, since }: GatedPod, reason: EventReason, detail: string, now: number): Notice {
  const message = dependencyWords(detail)
  return { pod: { uid, namespace, name }, reason, occasion: String(since), dueAt: now, tell: () => ({ message, count: 1, firstAt: now, lastAt: now }) }
}
