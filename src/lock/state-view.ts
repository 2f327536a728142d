import type { DependencyGate } from './depends-on/dependency-gate.ts'
import { type GatedState, viewGated } from './depends-on/gate-view.ts'
import type { KnownWorkload } from './learning/start-costs.ts'
import type { PodsHealth, PodSource } from './pods.ts'
import type { ReleaseCause } from './queue/decisions.ts'
import { isStale } from './queue/load.ts'
import { compare } from './queue/order.ts'
import { isIdentified } from './queue/queue.ts'
import type { Lease, Place } from './queue/state.ts'
import type { LockService } from './service.ts'
import { podOf, type TurnView, viewTurn } from './turn-view.ts'

/**
 * The whole state, for readers: `GET /v1/state` and the page. Times are ISO 8601 by the wall clock, spans are in
 * seconds. There are no uids in it. A pod is named as Kubernetes names it where it is known, else as it does itself; one
 * that did not, and an anonymous client, is null.
 */
export interface StateView {
  readonly now: string
  readonly startedAt: string
  readonly permits: { readonly floor: number; readonly used: number; readonly strict: boolean }
  readonly holders: readonly HolderState[]
  /** In the order in which they are served. */
  readonly waiters: readonly WaiterState[]
  /** Who is no waiter yet: pods that wait for what they depend on. Undefined: a lock of before. */
  readonly gated?: readonly GatedState[]
  readonly gates: readonly GateState[]
  readonly pods: PodsState
  /** Undefined: there are no readings, or they are old. */
  readonly load?: { readonly idleCores: number; readonly pressure?: number }
  /** Of the last hour, the oldest first. */
  readonly starts: readonly StartState[]
  /** What is known of the starts of workloads, the newest first; undefined: nothing is learned. */
  readonly workloads?: readonly WorkloadState[]
}

export interface HolderState extends TurnView {
  readonly pod: string | null
  readonly identified: boolean
  readonly grant: Lease['grant']
  readonly waitedSeconds: number
  readonly heldSeconds: number
  /** Until the lease ends by itself. */
  readonly leftSeconds: number
}

export interface WaiterState {
  readonly pod: string | null
  readonly identified: boolean
  readonly position: number
  readonly waitedSeconds: number
  readonly priority: number
  readonly weight: number
  /** Whether a request of it is held now; its place is kept for ten seconds without. */
  readonly connected: boolean
  /** For how long it will still wait, where it said so. */
  readonly leftSeconds?: number
}

export interface GateState {
  readonly name: string
  readonly open: boolean
  readonly overdue: boolean
  readonly reason: string
  readonly seconds: number
}

/** How much is known of the node's pods. */
export interface PodsState {
  readonly state: PodsHealth['state']
  readonly known: number
  /** Since the API server was last heard; undefined where there is none. */
  readonly staleSeconds?: number
}

export interface StartState {
  readonly pod: string | null
  readonly grant: Lease['grant']
  readonly arrivedAt: string
  readonly grantedAt: string
  readonly endedAt?: string
  readonly cause?: ReleaseCause
}

/** What a start of a workload is known to take. */
export interface WorkloadState {
  /** NAMESPACE/KIND/NAME of the controller. */
  readonly workload: string
  /** Of an idle core, as long as its load cannot show. */
  readonly reserve: number
  /** How many starts that is known by, and since when the last of them. */
  readonly starts: number
  readonly seconds: number
}

/** Looks at a service. `wallNow` is the wall clock's time, in milliseconds since 1970; `gate` is what stands before it. */
export function viewState(service: LockService, wallNow: number, gate?: Pick<DependencyGate, 'waiting'>): StateView {
  const { queue, settings, pods } = service
  const now = service.now()
  const iso = (time: number): string => new Date(wallNow - (now - time)).toISOString()
  const { idleCores, pressure } = queue.load
  const workloads = service.workloads()
  return {
    now: new Date(wallNow).toISOString(),
    startedAt: iso(service.startedAt),
    permits: { floor: settings.permits, used: queue.used, strict: settings.strict },
    holders: Array.from(queue.leases(), (lease) => viewHolder(lease, pods, now)),
    waiters: Array.from(queue.waiting())
      .toSorted((left, right) => compare(left, right, now))
      .map((place, index) => viewWaiter(place, pods, index + 1, now)),
    gated: (gate?.waiting() ?? []).map((each) => viewGated(each, now)),
    gates: service.gates().map(({ name, open, overdue, reason, since }) => ({ name, open, overdue, reason, seconds: toSeconds(now - since) })),
    pods: viewPods(pods.health()),
    ...(isStale(queue.load, now) ? {} : { load: { idleCores: round(idleCores), ...(pressure === undefined ? {} : { pressure: round(pressure) }) } }),
    starts: service.starts.list(now).map(({ pod, grant, arrivedAt, grantedAt, endedAt, cause }) => ({
      pod: pod ?? null,
      grant,
      arrivedAt: iso(arrivedAt),
      grantedAt: iso(grantedAt),
      ...(endedAt === undefined || cause === undefined ? {} : { endedAt: iso(endedAt), cause }),
    })),
    ...(workloads === undefined ? {} : { workloads: workloads.map((known) => viewWorkload(known, now)) }),
  }
}

function viewHolder(lease: Lease, pods: PodSource, now: number): HolderState {
  const { key, grant, arrivedAt, grantedAt, endsAt } = lease
  return {
    pod: nameOf(lease, pods),
    identified: isIdentified(key),
    grant,
    waitedSeconds: toSeconds(grantedAt - arrivedAt),
    heldSeconds: toSeconds(now - grantedAt),
    leftSeconds: toSeconds(endsAt - now),
    ...viewTurn(lease, pods),
  }
}

function viewWaiter(place: Place, pods: PodSource, position: number, now: number): WaiterState {
  const { key, arrivedAt, priority, weight, requests, deadline } = place
  return {
    pod: nameOf(place, pods),
    identified: isIdentified(key),
    position,
    waitedSeconds: toSeconds(now - arrivedAt),
    priority,
    weight,
    connected: requests > 0,
    ...(deadline === undefined ? {} : { leftSeconds: toSeconds(deadline - now) }),
  }
}

function viewWorkload({ name, reserve, starts, learnedAt }: KnownWorkload, now: number): WorkloadState {
  return { workload: name, reserve, starts, seconds: toSeconds(now - learnedAt) }
}

function nameOf({ key, pod }: Lease | Place, pods: PodSource): string | null {
  const known = podOf(key, pods)
  return known === undefined ? (pod ?? null) : `${known.namespace}/${known.name}`
}

function viewPods({ state, known, staleMs }: PodsHealth): PodsState {
  return { state, known, ...(state === 'none' ? {} : { staleSeconds: toSeconds(staleMs) }) }
}

/** To a tenth. */
function toSeconds(ms: number): number {
  return Math.max(0, Math.round(ms / 100) / 10)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
