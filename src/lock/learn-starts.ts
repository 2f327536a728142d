import type { Observations } from './learning/observations.ts'
import { mostWorkloads, type StartCosts } from './learning/start-costs.ts'
import type { LoadReading } from './node-load/load-between.ts'
import type { PodFacts, PodSource } from './pods.ts'
import type { Decision } from './queue/decisions.ts'
import { isIdentified, uidOf } from './queue/queue.ts'
import type { LockService } from './service.ts'
import { podOf } from './turn-view.ts'

/** What learning from starts is made of. */
export interface LearnStartsOptions {
  readonly service: LockService
  readonly pods: PodSource
  readonly observations: Observations
  /** The service asks it, too. */
  readonly costs: StartCosts
}

/** Takes the node's readings, and ends. */
export interface LearningStarts {
  /** Takes a reading into account, hands it to the queue, and tells that what is known by it. */
  read(reading: LoadReading): void
  stop(): void
}

/**
 * Observes what the starts of a service cost, and tells the queue when something is known by it of those who wait. Which
 * pods are made of one template is Kubernetes' to say, never the client's.
 */
export function learnStarts({ service, pods, observations, costs }: LearnStartsOptions): LearningStarts {
  /** Keys of workloads of which the queue has to be told: not while it tells of its own decisions. */
  const changed = new Set<string>()

  function follow(decision: Decision): void {
    if (decision.kind === 'placed') {
      // Until it asks, a pod's sandbox and its init container are made.
      if (decision.isNew && isIdentified(decision.key)) observations.disturb(podOf(decision.key, pods)?.workload?.key)
    } else if (decision.kind === 'granted') {
      if (!decision.again) observations.granted(decision.key, podOf(decision.key, pods)?.workload, service.now())
    } else if (decision.kind === 'released') {
      // Where nobody waits, one that crash-loops has its whole turn.
      const cause = decision.lease.crashing ? 'crash-loop' : decision.cause
      const failed = observations.released(decision.key, cause, service.now())
      if (failed === undefined) return
      costs.forget(failed.key)
      // Without readings nobody is told, and nobody is granted by what is known either.
      if (changed.size < mostWorkloads) changed.add(failed.key)
    }
  }

  /** @param what has become heavier, or lighter, than what those who wait take now. */
  function tell(what: 'heavier' | 'lighter', workloads: ReadonlySet<string>): void {
    if (workloads.size === 0) return
    const uids = new Map<string, string[]>()
    for (const { key, reserve } of service.queue.waiting()) {
      const workload = podOf(key, pods)?.workload?.key
      if (workload === undefined || !workloads.has(workload)) continue
      if (costs.reserveOf(workload, service.now()) > reserve !== (what === 'heavier')) continue
      const alike = uids.get(workload)
      if (alike === undefined) uids.set(workload, [uidOf(key)])
      else alike.push(uidOf(key))
    }
    for (const [workload, alike] of uids) service.feed({ kind: 'learned', uids: alike, reserve: costs.reserveOf(workload, service.now()) })
  }

  const unfollow = service.follow(follow)
  const unwatch = pods.watch({
    // A pod that is new, and one that is being torn down, make work for the node.
    changed(pod, before) {
      if (before === undefined || isOver(pod, before)) observations.disturb(pod.workload?.key)
    },
    gone: (pod) => observations.disturb(pod.workload?.key),
    synced() {},
  })
  return {
    read(reading) {
      const now = service.now()
      for (const cost of observations.read(reading, now)) {
        costs.learn(cost, now)
        changed.add(cost.workload.key)
      }
      // Around it: nobody is granted by a reading and by what it has just shown to be wrong, nor by an older reading.
      const workloads = new Set(changed)
      // What changes meanwhile is told by the next reading.
      changed.clear()
      tell('heavier', workloads)
      service.feed({ kind: 'load', ...reading })
      tell('lighter', workloads)
    },
    stop() {
      unfollow()
      unwatch()
    },
  }
}

function isOver(pod: PodFacts, before: PodFacts): boolean {
  return pod.isOver && !before.isOver
}
