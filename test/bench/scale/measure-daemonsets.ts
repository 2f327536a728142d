import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { parseAllDocuments } from 'yaml'
import { nodeSourceOf } from '../../../src/kube/daemon-sets.ts'
import { requestJson } from '../../../src/kube/request.ts'
import { isObject, type JsonObject } from '../../../src/units/json.ts'
import { objectAt } from '../../support/pod-reader.ts'
import { nowMs } from '../support/clock.ts'
import { median } from '../support/figures.ts'
import { textAt } from '../admission/api-client.ts'
import { used } from './measure-arrivals.ts'
import { addedSince, sumOf } from './prometheus.ts'
import type { CpuUsed } from './server-usage.ts'
import { sharedTask, type Stage } from './stage.ts'
import { startWatchers } from './watcher-process.ts'

/** What it costs when each node watches the DaemonSets, and when each asks for them instead. */
export interface DaemonSetCost {
  readonly updates: number
  /** To all who watch. */
  readonly events: number
  readonly eventBytes: number
  readonly watched: CpuUsed
  /** From before a change is sent until the last node has heard of it: the median. */
  readonly lastHeardMs: number
  /** Each is two requests, for the node and for the DaemonSets, with a connection of its own. */
  readonly polls: number
  /** Of the lists of DaemonSets. */
  readonly pollBytes: number
  readonly polled: CpuUsed
}

const path = '/apis/apps/v1/namespaces/bench/daemonsets'
// As many as clusters have: network, proxy, logs, metrics, storage.
const count = 10
const betweenMs = 500
const drainMs = 1_000

/** Measures both; the watches are of all DaemonSets, as those who ask are told all. */
export async function measureDaemonSets(stage: Stage): Promise<DaemonSetCost> {
  const { plan, cluster, usage, signal, say } = stage
  for (let index = 0; index < count; index++) await requestJson(cluster.config, { method: 'POST', path, body: daemonSet(`agent-${index}`), signal })
  const polls = cluster.nodes.length
  const pollsBefore = await usage.scrape()
  const pollCpu = usage.cpu()
  for (const node of cluster.nodes) {
    const asked = await nodeSourceOf({ config: cluster.config, node, namespace: undefined }).look(signal)
    if (asked.kind !== 'told') throw asked.error
  }
  const polled = used(pollCpu, usage.cpu())
  const pollBytes = sumOf(addedSince(pollsBefore, await usage.scrape()), 'apiserver_response_sizes_sum', { resource: 'daemonsets', verb: 'LIST' })
  const watched = await watch(stage)
  say(`DaemonSets: ${watched.events} events of ${plan.daemonSetUpdates} changes`)
  return { ...watched, polls, pollBytes, polled }
}

async function watch(stage: Stage): Promise<Pick<DaemonSetCost, 'updates' | 'events' | 'eventBytes' | 'watched' | 'lastHeardMs'>> {
  const { plan, cluster, usage, folder, signal } = stage
  const watchers = await startWatchers(await sharedTask(stage, path, ''), folder, signal)
  try {
    await watchers.open()
    const before = await usage.scrape()
    const cpuBefore = usage.cpu()
    const sentAt = new Map<string, number>()
    for (let update = 0; update < plan.daemonSetUpdates; update++) {
      const sentMs = nowMs()
      const status = { numberReady: update, currentNumberScheduled: 5_000, desiredNumberScheduled: 5_000, numberMisscheduled: 0 }
      const contentType = 'application/merge-patch+json'
      const changed = await requestJson(cluster.config, { method: 'PATCH', path: `${path}/agent-0/status`, contentType, body: { status }, signal })
      sentAt.set(textAt(changed, 'metadata', 'resourceVersion'), sentMs)
      await pause(betweenMs, undefined, { signal })
    }
    await pause(drainMs, undefined, { signal })
    const watched = used(cpuBefore, usage.cpu())
    const added = addedSince(before, await usage.scrape())
    const { heardAt } = await watchers.report()
    const lasts = [...sentAt].map(([version, sentMs]) => Math.max(...heardAt.filter(([heard]) => heard === version).map(([, at]) => at)) - sentMs)
    return {
      updates: plan.daemonSetUpdates,
      events: sumOf(added, 'apiserver_watch_events_total', { resource: 'daemonsets' }),
      eventBytes: sumOf(added, 'apiserver_watch_events_sizes_sum', { resource: 'daemonsets' }),
      watched,
      lastHeardMs: median(lasts),
    }
  } finally {
    await watchers.stop()
  }
}

/** The lock's own, as the chart has it, by another name. */
function daemonSet(name: string): JsonObject {
  const manifests = readFileSync(new URL('../../../deploy/usher.yaml', import.meta.url), 'utf8')
  const found = parseAllDocuments(manifests).map((document): unknown => document.toJS()).filter(isObject).find(({ kind }) => kind === 'DaemonSet')
  const { labels } = objectAt(found, 'metadata')
  return { ...found, metadata: { name, namespace: 'bench', labels: labels ?? {} } }
}
