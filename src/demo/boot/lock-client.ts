import { isObject, type JsonObject, objectsOf } from '../../units/json.ts'

/** Why a lease was granted, in the lock's words. */
export type Grant = 'floor' | 'idle-core' | 'overdue'

/** What the lock says of itself at `GET /v1/state`, as far as the demo shows it. */
export interface LockState {
  /** Why each pod that holds a lease has it, by NAMESPACE/NAME. */
  readonly grants: ReadonlyMap<string, Grant>
  /** How many are before each pod that waits. */
  readonly ahead: ReadonlyMap<string, number>
  /** So many may start whatever the load is. */
  readonly permits: number
  /** Its history, as it tells it. */
  readonly starts: readonly JsonObject[]
}

/** The lock, for those who look at it, and for the kubelet. */
export interface LockClient {
  state(): Promise<LockState>
  /** Ends a pod's lease. There may be none any more: leases end by themselves, too. */
  giveBack(uid: string, pod: string): Promise<void>
}

/** Connects to the lock on a port of the loopback. */
export function lockClient(port: number, signal: AbortSignal): LockClient {
  const origin = `http://127.0.0.1:${port}`
  return {
    async state() {
      const response = await fetch(`${origin}/v1/state`, { signal })
      if (!response.ok) throw new Error(`usher lock answered ${response.status} when it was asked for its state`)
      return readState(await response.json())
    },
    async giveBack(uid, pod) {
      const response = await fetch(`${origin}/v1/leases/${uid}?pod=${encodeURIComponent(pod)}`, { method: 'DELETE', signal })
      if (response.status !== 204 && response.status !== 404) {
        throw new Error(`usher lock answered ${response.status} when ${pod} gave its lease back`)
      }
    },
  }
}

function readState(state: unknown): LockState {
  const { permits, holders, waiters, starts } = isObject(state) ? state : {}
  const floor = isObject(permits) ? permits['floor'] : undefined
  if (typeof floor !== 'number') throw new Error('the state of usher lock does not name its permits')
  return {
    grants: new Map(objectsOf(holders).flatMap(({ pod, grant }) => (typeof pod === 'string' && isGrant(grant) ? [[pod, grant] as const] : []))),
    ahead: new Map(
      objectsOf(waiters).flatMap(({ pod, position }) => (typeof pod === 'string' && typeof position === 'number' ? [[pod, position - 1] as const] : [])),
    ),
    permits: floor,
    starts: objectsOf(starts),
  }
}

function isGrant(value: unknown): value is Grant {
  return value === 'floor' || value === 'idle-core' || value === 'overdue'
}
