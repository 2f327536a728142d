import { setTimeout as pause } from 'node:timers/promises'
import { used } from './measure-arrivals.ts'
import { addedSince, type Sample, sumOf } from './prometheus.ts'
import type { CpuUsed } from './server-usage.ts'
import { openState, type Stage } from './stage.ts'

/** What kubelets and locks ask of an API server in which nothing happens. */
export interface Steady {
  readonly seconds: number
  readonly cpu: CpuUsed
  /** Watches of pods that are open in the end. */
  readonly watches: number
  /** Requests, by verb and resource, those that there are most of first; watches count when they end. */
  readonly requests: readonly { readonly what: string; readonly count: number }[]
  /** Bookmarks count as events. */
  readonly podEvents: number
  readonly podEventBytes: number
  readonly podListBytes: number
}

const sayEachMs = 60_000

/** Lets them be. */
export async function measureSteady(stage: Stage): Promise<Steady> {
  const { plan, usage, signal, say } = stage
  const watches = await openState(stage, 'locks')
  try {
    await pause(plan.settleMs, undefined, { signal })
    const before = await usage.scrape()
    const cpuBefore = usage.cpu()
    for (let leftMs = plan.steadySeconds * 1_000; leftMs > 0; leftMs -= sayEachMs) {
      say(`steady, ${Math.ceil(leftMs / 1_000)} s to go`)
      await pause(Math.min(leftMs, sayEachMs), undefined, { signal })
    }
    const cpu = used(cpuBefore, usage.cpu())
    const after = await usage.scrape()
    const added = addedSince(before, after)
    return {
      seconds: plan.steadySeconds,
      cpu,
      watches: sumOf(after, 'apiserver_longrunning_requests', { verb: 'WATCH', resource: 'pods' }),
      requests: requestsOf(added),
      podEvents: sumOf(added, 'apiserver_watch_events_total', { resource: 'pods' }),
      podEventBytes: sumOf(added, 'apiserver_watch_events_sizes_sum', { resource: 'pods' }),
      podListBytes: sumOf(added, 'apiserver_response_sizes_sum', { resource: 'pods', verb: 'LIST' }),
    }
  } finally {
    await watches.stop()
  }
}

function requestsOf(added: readonly Sample[]): Steady['requests'] {
  const counts = new Map<string, number>()
  for (const { name, labels, value } of added) {
    if (name !== 'apiserver_request_total') continue
    const what = `${labels['verb']} ${labels['resource'] === '' ? 'other' : labels['resource']}`
    counts.set(what, (counts.get(what) ?? 0) + value)
  }
  return [...counts].map(([what, count]) => ({ what, count })).toSorted((left, right) => right.count - left.count)
}
