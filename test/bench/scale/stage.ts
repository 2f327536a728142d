import { requestJson } from '../../../src/kube/request.ts'
import { textAt } from '../admission/api-client.ts'
import type { ScaleCluster } from './cluster.ts'
import type { Plan } from './plan.ts'
import type { ScalePod } from './population.ts'
import type { ServerUsage } from './server-usage.ts'
import type { WatchTask } from './watch-task.ts'
import { startWatchers, type WatcherProcess } from './watcher-process.ts'

/** What every part of the benchmark measures with. */
export interface Stage {
  readonly plan: Plan
  readonly cluster: ScaleCluster
  readonly usage: ServerUsage
  /** The pods of the nodes that boot. */
  readonly booting: readonly ScalePod[]
  readonly folder: string
  readonly signal: AbortSignal
  readonly say: (line: string) => void
}

/** What is watched beside the lease renewals: nothing; each node's pods by its kubelet; by its lock, too; or the same number of watches that no index helps. */
export type StateName = 'none' | 'kubelets' | 'locks' | 'unindexed'

/** Watches that are open, and end together. */
export interface OpenWatches {
  readonly locks: WatcherProcess | undefined
  stop(): Promise<void>
}

/** Opens what a state has beside nothing. */
export async function openState(stage: Stage, state: StateName): Promise<OpenWatches> {
  const stack = new AsyncDisposableStack()
  async function add(task: WatchTask): Promise<WatcherProcess> {
    const watchers = await startWatchers(task, stage.folder, stage.signal)
    stack.defer(() => watchers.stop())
    await watchers.open()
    return watchers
  }
  try {
    if (state !== 'none') await add(await kubeletsTask(stage))
    if (state === 'unindexed') await add(await unindexedTask(stage))
    return { locks: state === 'locks' ? await add(locksTask(stage)) : undefined, stop: () => stack.disposeAsync() }
  } catch (error) {
    await stack.disposeAsync()
    throw error
  }
}

/** A lock on each node. */
export function locksTask({ cluster: { nodes, lockKubeconfigs } }: Stage): WatchTask {
  return { kind: 'locks', locks: nodes.map((node, index) => ({ node, kubeconfig: lockKubeconfigs[index] ?? '' })) }
}

/** What each kubelet watches, in its format. */
export async function kubeletsTask(stage: Stage): Promise<WatchTask> {
  const fieldSelectors = stage.cluster.nodes.map((node) => `spec.nodeName=${node}`)
  return streams(stage, '/api/v1/pods', fieldSelectors, 'application/vnd.kubernetes.protobuf;stream=watch')
}

/** As many watches of pods by a field without an index, which no pod matches: each has to look at each event. */
async function unindexedTask(stage: Stage): Promise<WatchTask> {
  return streams(stage, '/api/v1/pods', stage.cluster.nodes.map((node) => `spec.schedulerName=${node}`), 'application/json')
}

/** Every node's watch of the same objects. */
export function sharedTask(stage: Stage, path: string, fieldSelector: string): Promise<WatchTask> {
  return streams(stage, path, stage.cluster.nodes.map(() => fieldSelector), 'application/json')
}

async function streams({ cluster, signal }: Stage, path: string, fieldSelectors: readonly string[], accept: string): Promise<WatchTask> {
  const list = await requestJson(cluster.config, { path, query: { limit: '1' }, signal })
  const resourceVersion = textAt(list, 'metadata', 'resourceVersion')
  return { kind: 'streams', kubeconfig: cluster.server.kubeconfig, path, accept, fieldSelectors, resourceVersion }
}
