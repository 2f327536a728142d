import type { Decision } from '../queue/decisions.ts'
import { isIdentified, uidOf } from '../queue/queue.ts'
import type { Lease } from '../queue/state.ts'
import type { LockService } from '../service.ts'
import type { Notices } from './notice.ts'
import { type EventReason, worthMs } from './reasons.ts'
import { expiredWords, grantedWords, releasedWords } from './words.ts'

/**
 * Tells when a pod that has waited is granted, and how its turn ends; and of all pods whose turn is taken back before
 * they are ready. Until the returned function is called.
 */
export function watchTurns(service: LockService, notices: Notices): () => void {
  function tell(lease: Lease, reason: EventReason, message: string): void {
    const pod = service.pods.find(uidOf(lease.key))
    // Nobody looks at a pod that is gone; and its namespace, if that goes with it, takes no Events.
    if (pod === undefined || pod.isOver) return
    const { uid, namespace, name } = pod
    const now = service.now()
    notices({
      pod: { uid, namespace, name },
      reason,
      occasion: String(lease.arrivedAt),
      dueAt: now,
      tell: () => ({ message, count: 1, firstAt: now, lastAt: now }),
    })
  }

  function grant(lease: Lease): void {
    if (hasWaited(lease)) tell(lease, 'StartupLockGranted', grantedWords(waitOf(lease), lease.grant))
  }

  function release(lease: Lease, cause: Extract<Decision, { kind: 'released' }>['cause']): void {
    const heldMs = service.queue.now - lease.grantedAt
    // Who asks for no time at all gets what it asked for.
    if (cause === 'crash-loop' || (cause === 'lease-end' && heldMs > 0)) {
      tell(lease, 'StartupLockExpired', expiredWords(heldMs, cause, lackOf(service, lease)))
    } else if (hasWaited(lease)) tell(lease, 'StartupLockReleased', releasedWords(heldMs, cause, waitOf(lease)))
  }

  return service.follow((decision) => {
    if (decision.kind === 'granted' && !decision.again && isIdentified(decision.key)) grant(decision.lease)
    else if (decision.kind === 'released' && isIdentified(decision.key)) release(decision.lease, decision.cause)
  })
}

/** The same after a restart of the lock: whose grant was told, its end is. */
function hasWaited(lease: Lease): boolean {
  return waitOf(lease) >= worthMs
}

function waitOf({ arrivedAt, grantedAt }: Lease): number {
  return grantedAt - arrivedAt
}

/** What keeps the pod from being ready; undefined where that is not known as of now. */
function lackOf({ pods }: LockService, { key }: Lease): string | undefined {
  return pods.health().state === 'connected' ? pods.find(uidOf(key))?.containers.lacks : undefined
}
