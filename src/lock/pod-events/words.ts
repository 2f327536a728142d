import { causeWords, grantWords } from '../page/words.ts'
import type { PodFacts } from '../pods.ts'
import type { ReleaseCause } from '../queue/decisions.ts'
import type { Lease } from '../queue/state.ts'
import type { Standing } from '../standing.ts'

/** `place 4 after 65 s, permits-taken: 3 ahead (holder shop/api-7f9, 12 s)` */
export function waitingWords(waitedMs: number, { position, reason, detail }: Standing): string {
  return line(`place ${position} after ${seconds(waitedMs)}, ${reason}: ${detail}`)
}

/** `granted after 37 s: a permit was free` */
export function grantedWords(waitedMs: number, grant: Lease['grant']): string {
  return line(`granted after ${seconds(waitedMs)}: ${grantWords[grant]}`)
}

/** `released after 8 s: ready; it had waited for 37 s` */
export function releasedWords(heldMs: number, cause: ReleaseCause, waitedMs: number): string {
  return line(`released after ${seconds(heldMs)}: ${causeWords[cause]}; it had waited for ${seconds(waitedMs)}`)
}

/** `taken back after 120 s: its time was over, and the pod is not ready (app: readiness probe)` */
export function expiredWords(heldMs: number, cause: ReleaseCause, lacks: PodFacts['containers']['lacks']): string {
  const why = lacks === undefined ? '' : `, and the pod is not ready (${lacks})`
  return line(`taken back after ${seconds(heldMs)}: ${causeWords[cause]}${why}`)
}

/** The last words of usher-wait, as it left them. */
export function withoutLockWords(message: string): string {
  return line(message)
}

/** What a pod waits for, or goes on without. */
export function dependencyWords(detail: string): string {
  return line(detail)
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1_000))} s`
}

// For one line of `kubectl describe`.
const longest = 256

/** What others have said stands in these lines, too: nothing in it breaks the line, or turns its direction. */
function line(text: string): string {
  const clean = text.replaceAll(/\p{C}+/gu, ' ').trim()
  return clean.length <= longest ? clean : `${clean.slice(0, longest - 1).toWellFormed()}…`
}
