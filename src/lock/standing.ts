import type { LockService } from './service.ts'
import type { Lease } from './queue/state.ts'

/** Where somebody stands who is not granted yet: what the 423 tells. Seconds are whole. */
export interface Standing {
  /** For people, short. */
  readonly detail: string
  /** From 1. */
  readonly position: number
  readonly ahead: number
  readonly reason: 'gate-closed' | 'permits-taken'
  readonly holders: readonly HolderView[]
  readonly gates: readonly ClosedGateView[]
}

/** Who holds the lock; names are shown within the asker's own namespace only. */
export interface HolderView {
  readonly pod?: string
  readonly heldSeconds: number
}

/** What holds everybody up. */
export interface ClosedGateView {
  readonly name: string
  readonly reason: string
  readonly closedSeconds: number
}

/**
 * Tells where somebody stands.
 *
 * @param key its place; where it has none, it comes after all who wait.
 * @param pod what it says it is: NAMESPACE/NAME.
 */
export function standingOf(service: LockService, key: string, pod: string | undefined): Standing {
  const { queue } = service
  const now = service.now()
  const place = queue.place(key)
  const ahead = place === undefined ? queue.waitingCount : queue.ahead(place)
  const namespace = namespaceOf(pod)
  const holders = Array.from(queue.leases(), (lease) => holderOf(lease, namespace, now))
  const gates = Array.from(queue.closedGates())
    .filter(({ overdue }) => !overdue)
    .map(({ name, reason, since }) => ({ name, reason, closedSeconds: wholeSeconds(now - since) }))
  return {
    detail: describe(ahead, holders, gates),
    position: ahead + 1,
    ahead,
    reason: gates.length > 0 ? 'gate-closed' : 'permits-taken',
    holders: holders.slice(0, shownHolders),
    gates: gates.slice(0, shownGates),
  }
}

// Clients read at most 16 KiB of a body.
const shownHolders = 20
const shownGates = 10

function namespaceOf(pod: string | undefined): string | undefined {
  return pod?.split('/', 1)[0]
}

function holderOf({ pod, grantedAt }: Lease, namespace: string | undefined, now: number): HolderView {
  const isShown = pod !== undefined && namespace !== undefined && namespaceOf(pod) === namespace
  return { ...(isShown ? { pod } : {}), heldSeconds: wholeSeconds(now - grantedAt) }
}

function wholeSeconds(ms: number): number {
  return Math.max(0, Math.round(ms / 1_000))
}

/** `3 ahead (holder shop/api-7f9, 12 s)`, or `waiting for tcp://db:5432 (connection refused, 12 s), 3 ahead`. */
function describe(ahead: number, holders: readonly HolderView[], gates: readonly ClosedGateView[]): string {
  const place = ahead === 0 ? 'next' : `${ahead} ahead`
  const [gate, ...others] = gates
  if (gate !== undefined) {
    const more = others.length === 0 ? '' : ` and ${others.length} more`
    return `waiting for ${gate.name} (${gate.reason}, ${gate.closedSeconds} s)${more}, ${place}`
  }
  const shown = holders.find(({ pod }) => pod !== undefined) ?? holders[0]
  if (shown === undefined) return place
  const { pod = 'not shown', heldSeconds } = shown
  const more = holders.length === 1 ? '' : ` and ${holders.length - 1} more`
  return `${place} (holder ${pod}, ${heldSeconds} s${more})`
}
