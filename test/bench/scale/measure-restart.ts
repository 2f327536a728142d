import { setTimeout as pause } from 'node:timers/promises'
import { nowMs } from '../support/clock.ts'
import { percentile } from '../support/figures.ts'
import { sumOf } from './prometheus.ts'
import { locksTask, type Stage } from './stage.ts'
import type { WatchReport } from './watch-task.ts'
import { startWatchers, type WatcherProcess } from './watcher-process.ts'

/** The API server is killed, and started anew after a while. Times count from that start. */
export interface Restart {
  /** From the kill to the start. */
  readonly outageMs: number
  readonly readyMs: number
  /** When half of the locks, and when all, were answered again. */
  readonly halfHeardMs: number
  readonly allHeardMs: number
  /** Lists that came, when the last one was known, and the most in a second. */
  readonly lists: number
  readonly lastListMs: number
  readonly mostListsPerSecond: number
  /** Requests for pods since the start: watches that were ended again, as they asked for what is too old; lists; and what was told to come later. */
  readonly watchesEnded: number
  readonly listRequests: number
  readonly refused: number
  /** CPU time of the API server since its start, that itself included. */
  readonly cpu: number
  /** Why locks have lost it, and how often. */
  readonly lost: Readonly<Record<string, number>>
}

const lookMs = 250
const patienceMs = 180_000
// After a 410 it takes a lock a second or two to list anew.
const quietMs = 5_000

/** Restarts the API server under all locks. */
export async function measureRestart(stage: Stage, outageMs: number): Promise<Restart> {
  const { plan, cluster, usage, folder, signal, say } = stage
  const locks = await startWatchers(locksTask(stage), folder, signal)
  try {
    await locks.open()
    await locks.report()
    await pause(plan.settleMs, undefined, { signal })
    await cluster.server.stop()
    await pause(outageMs, undefined, { signal })
    const startMs = nowMs()
    await cluster.server.start()
    const readyMs = nowMs() - startMs
    const seen = await comeBack(locks, startMs, cluster.nodes.length, signal)
    const cpu = usage.cpu().server
    const samples = await usage.scrape()
    const requests = (labels: Readonly<Record<string, string>>): number => sumOf(samples, 'apiserver_request_total', { resource: 'pods', ...labels })
    const lists = seen.syncedAt.map((at) => at - startMs)
    say(`restart after ${outageMs} ms: all locks were answered after ${Math.round(seen.allHeardMs)} ms, ready was after ${Math.round(readyMs)}`)
    return {
      outageMs,
      readyMs,
      halfHeardMs: seen.halfHeardMs,
      allHeardMs: seen.allHeardMs,
      lists: lists.length,
      lastListMs: Math.max(0, ...lists),
      mostListsPerSecond: mostInASecond(lists),
      watchesEnded: requests({ verb: 'WATCH' }),
      listRequests: requests({ verb: 'LIST' }),
      refused: requests({ code: '429' }),
      cpu,
      lost: countsOf(seen.lost),
    }
  } finally {
    await locks.stop()
  }
}

interface Seen {
  readonly halfHeardMs: number
  readonly allHeardMs: number
  readonly syncedAt: readonly number[]
  readonly lost: readonly string[]
}

/** Waits until all locks were heard after this moment, and have not listed for a while. */
async function comeBack(locks: WatcherProcess, startMs: number, count: number, signal: AbortSignal): Promise<Seen> {
  const heardMs: number[] = []
  const reports: WatchReport[] = []
  let newsMs = startMs
  while (heardMs.length < count || nowMs() - newsMs < quietMs) {
    if (nowMs() - startMs > patienceMs) throw new Error(`${count - heardMs.length} locks did not come back`)
    await pause(lookMs, undefined, { signal })
    const report = await locks.report()
    reports.push(report)
    const back = report.lastHeardAt.filter((at) => at > startMs)
    // Which ones does not matter: those that have come since the look before are taken to have come by their last word.
    for (const at of back.toSorted((left, right) => left - right).slice(heardMs.length)) heardMs.push(at - startMs)
    if (report.syncedAt.length > 0) newsMs = nowMs()
  }
  return {
    halfHeardMs: percentile(heardMs, 0.5),
    allHeardMs: Math.max(...heardMs),
    syncedAt: reports.flatMap(({ syncedAt }) => syncedAt),
    lost: reports.flatMap(({ lost }) => lost),
  }
}

/** The most of these times that lie within a second. */
export function mostInASecond(times: readonly number[]): number {
  const sorted = times.toSorted((left, right) => left - right)
  return sorted.reduce((most, from, index) => Math.max(most, sorted.slice(index).filter((at) => at < from + 1_000).length), 0)
}

function countsOf(words: readonly string[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const word of words) counts[word] = (counts[word] ?? 0) + 1
  return counts
}
