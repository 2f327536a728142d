import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { ProblemCode } from '../http/problem.ts'
import type { TokenFault } from './askers.ts'
import type { EventReason } from './pod-events/reasons.ts'
import type { DropCause, ReleaseCause } from './queue/decisions.ts'
import type { Lease } from './queue/state.ts'
import type { LockService } from './service.ts'

/** What the lock counts. */
export interface LockMetrics {
  /** Shows the state of a service from now on. */
  watch(service: LockService): void
  granted(grant: Lease['grant'], isAnonymous: boolean, waitedMs: number): void
  released(cause: ReleaseCause, heldMs: number): void
  dropped(cause: DropCause): void
  /** A request was turned away. */
  rejected(reason: ProblemCode): void
  /** A uid came without a token that proves it. */
  tokenRefused(reason: TokenFault): void
  /** A gate has been closed for so long that it counts as open. */
  gateOverdue(gate: string): void
  /** A request was answered with this status, as far as it is about the lock. */
  answered(status: number): void
  /** The state could not be written. */
  saveFailed(): void
  /** What came of something that was due to be told as an Event of a pod. */
  podEvent(reason: EventReason, outcome: 'sent' | 'dropped' | 'failed'): void
  /** A pod was seen to start without the lock. */
  startedWithoutLock(): void
  /** Somebody waits no more for what its pod depends on: that is healthy; or it goes on without; or not at all. */
  dependencyWait(outcome: DependencyOutcome, waitedMs: number): void
  /** Shows who waits for what, from now on. */
  watchGate(gate: { readonly size: number }, watches: { readonly size: number }): void
}

/** What has come of a wait for dependencies. */
export type DependencyOutcome = 'healthy' | 'timed-out' | 'not-judged' | 'failed' | 'left'

// From what a person does not notice to the longest wait.
const seconds = [0.01, 0.1, 0.5, 1, 2, 5, 10, 20, 30, 60, 120, 240, 600]

/** Registers the lock's metrics. */
export function buildLockMetrics(registry: Registry): LockMetrics {
  const registers = [registry]
  const counter = (name: string, help: string, ...labelNames: string[]) => new Counter({ name, help, labelNames, registers })
  const wait = new Histogram({
    name: 'usher_lock_wait_seconds',
    help: 'Time from a first request to its grant.',
    buckets: seconds,
    registers,
  })
  const hold = new Histogram({
    name: 'usher_lock_hold_seconds',
    help: 'Time from a grant to the end of its lease.',
    buckets: seconds,
    registers,
  })
  const grants = counter('usher_lock_grants_total', 'Leases granted, by why, and whether to identified clients.', 'grant', 'client')
  const releases = counter('usher_lock_releases_total', 'Leases ended, by cause.', 'cause')
  const drops = counter('usher_lock_dropped_total', 'Places left without a grant, by cause.', 'cause')
  const rejects = counter('usher_lock_rejected_total', 'Requests turned away, by reason.', 'reason')
  const tokens = counter('usher_lock_tokens_refused_total', 'Uids that no token has proved, by reason; their requests were those of unknown clients.', 'reason')
  const overdue = counter('usher_lock_gate_overdue_total', 'Times that a closed gate was no longer waited for.', 'gate')
  const answers = counter('usher_lock_answers_total', 'Answers to those who ask for the lock, by HTTP status.', 'status')
  const saves = counter('usher_lock_state_save_failures_total', 'Times that the state could not be written.')
  const events = counter('usher_lock_pod_events_total', 'What was due to be told as Events of pods, by what came of it.', 'reason', 'outcome')
  const without = counter('usher_lock_started_without_lock_total', 'Pods seen to start without the lock, because their wait was over.')
  const dependencyWaits = counter('usher_lock_dependency_waits_total', 'Waits for what pods depend on that are over, by outcome: healthy; timed-out or not-judged, and the pod went on; failed; left.', 'outcome')
  const dependencyWait = new Histogram({
    name: 'usher_lock_dependency_wait_seconds',
    help: 'Time for which pods waited for what they depend on, before they queued for the lock.',
    buckets: seconds,
    registers,
  })
  // From 0 on: an increase from nothing to 1 is none to Prometheus, and no alert.
  for (const outcome of ['timed-out', 'not-judged', 'failed'] satisfies DependencyOutcome[]) dependencyWaits.inc({ outcome }, 0)
  for (const reason of ['too-many-waiting', 'too-many-waiting-from-peer'] satisfies ProblemCode[]) rejects.inc({ reason }, 0)
  // A child is looked up by its labels; that of the most frequent answer is kept instead.
  const locked = answers.labels({ status: '423' })
  return {
    watch(service) {
      watchState(service, registers)
      for (const { name } of service.gates()) overdue.inc({ gate: name }, 0)
    },
    granted(grant, isAnonymous, waitedMs) {
      grants.inc({ grant, client: isAnonymous ? 'anonymous' : 'identified' })
      wait.observe(waitedMs / 1_000)
    },
    released(cause, heldMs) {
      releases.inc({ cause })
      hold.observe(heldMs / 1_000)
    },
    dropped: (cause) => drops.inc({ cause }),
    rejected: (reason) => rejects.inc({ reason }),
    tokenRefused: (reason) => tokens.inc({ reason }),
    gateOverdue: (gate) => overdue.inc({ gate }),
    answered(status) {
      if (status === 423) locked.inc()
      else answers.inc({ status: String(status) })
    },
    saveFailed: () => saves.inc(),
    podEvent: (reason, outcome) => events.inc({ reason, outcome }),
    startedWithoutLock: () => without.inc(),
    dependencyWait(outcome, waitedMs) {
      dependencyWaits.inc({ outcome })
      dependencyWait.observe(waitedMs / 1_000)
    },
    watchGate(gate, watches) {
      showSize('usher_lock_dependency_waiting', 'Pods that wait for what they depend on.', gate, registers)
      showSize('usher_lock_dependency_watches', 'Watches of what pods wait for.', watches, registers)
    },
  }
}

function showSize(name: string, help: string, counted: { readonly size: number }, registers: Registry[]): void {
  const made: Gauge = new Gauge({ name, help, registers, collect: () => made.set(counted.size) })
}

/** Gauges that look at the service when they are read. */
function watchState(service: LockService, registers: Registry[]): void {
  const { queue, settings } = service
  const gauge = (name: string, help: string, labelNames: string[], read: (set: (value: number, labels?: Labels) => void) => void) => {
    const made = new Gauge<string>({ name, help, labelNames, registers, collect: () => read((value, labels = {}) => made.set(labels, value)) })
  }
  const number = (name: string, help: string, read: () => number) => gauge(name, help, [], (set) => set(read()))
  number('usher_lock_permits', 'Permits of the floor.', () => settings.permits)
  number('usher_lock_permits_used', 'Permits of the floor that are taken.', () => queue.used)
  number('usher_lock_waiting', 'Clients in the queue.', () => queue.waitingCount)
  number('usher_lock_event_followers', 'Clients that follow the events.', () => service.events.followers)
  number('usher_lock_pods', 'Pods of the node that are known.', () => service.pods.health().known)
  number('usher_lock_pods_watch_stale_seconds', 'Time since the API server was last heard; 0 where there is none.', () => service.pods.health().staleMs / 1_000)
  const watchHelp = 'Whether the watch of the pods is in this state (1) or not (0); none: there is no Kubernetes.'
  gauge('usher_lock_pods_watch_state', watchHelp, ['state'], (set) => {
    const { state } = service.pods.health()
    for (const each of ['none', 'starting', 'connected', 'lost'] as const) set(each === state ? 1 : 0, { state: each })
  })
  number('usher_lock_idle_cores', 'Cores without work, by the last reading.', () => queue.load.idleCores)
  number('usher_lock_cpu_pressure_ratio', 'Share of the time in which a task waited for a CPU, by the last reading.', () => (queue.load.pressure ?? 0) / 100)
  gauge('usher_lock_leases', 'Leases that hold, by why they were granted.', ['grant'], (set) => {
    const counts = { floor: 0, 'idle-core': 0, overdue: 0 }
    for (const { grant } of queue.leases()) counts[grant]++
    for (const [grant, count] of Object.entries(counts)) set(count, { grant })
  })
  gauge('usher_lock_workloads', 'Workloads whose starts are known, by whether they need less than a core.', ['start'], (set) => {
    const known = service.workloads() ?? []
    const light = known.filter(({ reserve }) => reserve < 1).length
    set(light, { start: 'light' })
    set(known.length - light, { start: 'heavy' })
  })
  const gateHelp = 'Whether a gate is open (1) or closed (0); one that is no longer waited for counts as open.'
  gauge('usher_lock_gate_open', gateHelp, ['gate'], (set) => {
    for (const { name, open, overdue } of service.gates()) set(open || overdue ? 1 : 0, { gate: name })
  })
}

type Labels = Readonly<Record<string, string>>
