import { fromKubeconfig } from '../../../src/kube/cluster.ts'
import { type NodePodsWatch, watchNodePods } from '../../../src/kube/node-pods.ts'
import { isObject, type JsonObject } from '../../../src/units/json.ts'
import { NodePods } from '../../../src/lock/node-pods.ts'
import type { PodFacts } from '../../../src/lock/pods.ts'
import { readPod } from '../../../src/lock/read-pod.ts'
import type { WatchReport } from './watch-task.ts'

type Report = Omit<WatchReport, 'cpuSeconds'>

const longestReason = 80

/** Prepares locks as far as they watch pods. `open` begins all at once, and resolves when each knows its pods. */
export function openLocks(locks: readonly { readonly node: string; readonly kubeconfig: string }[], now: () => number) {
  const clusters = locks.map(({ node, kubeconfig }) => ({ node, config: fromKubeconfig(kubeconfig) }))
  let watches: readonly NodePodsWatch[] = []
  let [heardAt, syncedAt, lost]: [[string, number][], number[], string[]] = [[], [], []]

  function readNoting(pod: JsonObject): PodFacts | undefined {
    const { metadata } = pod
    const version = isObject(metadata) ? metadata['resourceVersion'] : undefined
    if (typeof version === 'string') heardAt.push([version, now()])
    return readPod(pod)
  }

  function watch({ node, config }: (typeof clusters)[number]): Promise<NodePodsWatch> {
    const { promise, resolve } = Promise.withResolvers<void>()
    const pods = new NodePods(false, () => watching.staleMs())
    const watching = watchNodePods<PodFacts>(
      { config, node, pick: readNoting },
      {
        put: (pod) => pods.put(pod),
        removed: ({ uid }) => pods.remove(uid),
        synced() {
          syncedAt.push(now())
          pods.synced()
          resolve()
        },
        lost(error) {
          lost.push(reasonOf(error))
          pods.lost()
        },
        back: () => pods.back(),
      },
    )
    return promise.then(() => watching)
  }

  return {
    async open(): Promise<void> {
      watches = await Promise.all(clusters.map(watch))
    },
    report(): Report {
      const told = { heardAt, syncedAt, lost, lastHeardAt: watches.map((each) => now() - each.staleMs()), answers: {}, tookMs: [] }
      ;[heardAt, syncedAt, lost] = [[], [], []]
      return told
    },
  }
}

function reasonOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).slice(0, longestReason)
}
