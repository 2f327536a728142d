import { formatAge } from '../../units/age.ts'
import { exitWords } from './exit-words.ts'
import type { Sight } from './sight.ts'
import type { Exit, Part } from './parts.ts'

// A container that has run for so long since it ended last is not thought to end again for the same reason: that is what
// the kubelet's own back-off forgets after, too.
const forgottenMs = 600_000
// The API server's times are whole seconds, and those of a pod's first status come after its containers were started.
const toleranceMs = 5_000

/**
 * Whether a container ends again and again, or has ended and should not have: by its state, or by how it ended before,
 * where that was in this start of the pod (a reboot ends all containers, and is no fault of theirs).
 */
export function isCrashed(part: Part, startedMs: number, nowMs: number): boolean {
  if (part.waiting?.reason === 'CrashLoopBackOff') return true
  const { ended, endedBefore, isReady, restarts } = part
  if (ended !== undefined) return isOfThisStart(ended, startedMs)
  return endedBefore !== undefined && !isReady && restarts > 0 && isOfThisStart(endedBefore, startedMs) && nowMs - endedBefore.finishedMs < forgottenMs
}

function isOfThisStart({ startedMs: ownMs }: Exit, startedMs: number): boolean {
  return ownMs >= startedMs - toleranceMs
}

/** A pod of which a container has ended, and is started again, or is to be. */
export function seeCrash(part: Part): Sight {
  const { name, ended, endedBefore, waiting, restarts, role } = part
  const exit = ended ?? endedBefore
  const isLoop = waiting?.reason === 'CrashLoopBackOff'
  const how = exit === undefined ? 'ends again and again' : exitWords(exit)
  const next = isLoop ? `; it is started again after a pause (${backOffWords(waiting.message)})` : ended === undefined ? '; it runs again' : ''
  const reason = isLoop ? 'CrashLoopBackOff' : exit?.reason || 'Error'
  return {
    state: 'Unhealthy',
    label: `Unhealthy: ${reason}`,
    reason,
    why: `${role === 'init' ? 'init container ' : ''}${name} ${how}, ${timesWords(restarts)}${next}`,
    sinceMs: exit?.finishedMs ?? 0,
    isTrouble: true,
    container: name,
  }
}

function timesWords(restarts: number): string {
  return restarts === 1 ? 'restarted once' : restarts === 0 ? 'not restarted yet' : `restarted ${restarts} times`
}

/** Of `back-off 2m40s restarting failed container=web pod=…`, the span. */
function backOffWords(message: string): string {
  const [, span] = /^back-off (\S+) restarting/.exec(message) ?? []
  return span === undefined ? 'CrashLoopBackOff' : `CrashLoopBackOff, ${span}`
}

/** For how long something has been so, in brackets; empty where that is not known. */
export function forSpan(sinceMs: number, nowMs: number): string {
  return sinceMs === 0 ? '' : ` (for ${formatAge((nowMs - sinceMs) / 1_000)})`
}
