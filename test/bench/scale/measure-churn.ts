import { setTimeout as pause } from 'node:timers/promises'
import { bootStorm, type Storm } from './boot-storm.ts'
import { used } from './measure-arrivals.ts'
import { addedSince, sumOf } from './prometheus.ts'
import type { CpuUsed } from './server-usage.ts'
import { openState, type Stage, type StateName } from './stage.ts'
import type { WatchReport } from './watch-task.ts'

/** One state in one round. */
export interface Churn {
  readonly state: StateName
  /** While nothing happens but lease renewals. */
  readonly idle: { readonly seconds: number; readonly cpu: CpuUsed }
  /** While nodes boot. */
  readonly updates: number
  readonly seconds: number
  readonly cpu: CpuUsed
  /** Of pods, to all who watch them. */
  readonly events: number
  readonly eventBytes: number
  /** Watches that the API server has ended because they were too slow. */
  readonly terminated: number
  /** Of the process that holds the locks; 0 where there are none. */
  readonly locksCpu: number
  /** Of each update, from before it is sent until its node's lock knows of it; empty where there are no locks. */
  readonly latencies: readonly number[]
}

const states: readonly StateName[] = ['none', 'kubelets', 'locks', 'unindexed']
// What the last update takes to its lock.
const drainMs = 500

/** Has nodes boot in all states by turns; rounds that warm up are not among what is given back. */
export async function measureChurn(stage: Stage): Promise<readonly (readonly Churn[])[]> {
  const { plan, say } = stage
  const rounds: Churn[][] = []
  for (let index = 0; index < plan.warmUps + plan.rounds; index++) {
    const isWarmUp = index < plan.warmUps
    const first = index % states.length
    const round: Churn[] = []
    for (const state of [...states.slice(first), ...states.slice(0, first)]) {
      const churn = await measureState(stage, state)
      round.push(churn)
      const [perUpdate, perSecond] = [(churn.cpu.server * 1_000) / churn.updates, churn.updates / churn.seconds]
      say(`${isWarmUp ? 'warm-up' : `round ${index + 1 - plan.warmUps} of ${plan.rounds}`}, ${state}: ${perUpdate.toFixed(2)} ms of CPU an update, ${Math.round(perSecond)} updates/s`)
    }
    if (!isWarmUp) rounds.push(round)
  }
  return rounds
}

async function measureState(stage: Stage, state: StateName): Promise<Churn> {
  const { plan, usage, signal } = stage
  const watches = await openState(stage, state)
  try {
    await pause(plan.settleMs, undefined, { signal })
    const idleBefore = usage.cpu()
    await pause(plan.seconds * 1_000, undefined, { signal })
    const idle = { seconds: plan.seconds, cpu: used(idleBefore, usage.cpu()) }
    const reportBefore = await watches.locks?.report()
    const before = await usage.scrape()
    const cpuBefore = usage.cpu()
    const storm = await bootStorm(stage.cluster, stage.booting, plan.rate, signal)
    await pause(drainMs, undefined, { signal })
    const cpu = used(cpuBefore, usage.cpu())
    const report = await watches.locks?.report()
    const added = addedSince(before, await usage.scrape())
    return {
      state,
      idle,
      updates: storm.updates,
      seconds: storm.seconds,
      cpu,
      events: sumOf(added, 'apiserver_watch_events_total', { resource: 'pods' }),
      eventBytes: sumOf(added, 'apiserver_watch_events_sizes_sum', { resource: 'pods' }),
      terminated: sumOf(added, 'apiserver_terminated_watchers_total'),
      locksCpu: (report?.cpuSeconds ?? 0) - (reportBefore?.cpuSeconds ?? 0),
      latencies: report === undefined ? [] : latenciesOf(storm, report),
    }
  } finally {
    await watches.stop()
  }
}

/** Of each update that a lock has heard, how long that took until it first did. */
function latenciesOf({ sentAt }: Storm, { heardAt }: WatchReport): readonly number[] {
  const heard = new Map(heardAt.toReversed())
  return [...sentAt].flatMap(([version, sentMs]) => {
    const heardMs = heard.get(version)
    return heardMs === undefined ? [] : [heardMs - sentMs]
  })
}
