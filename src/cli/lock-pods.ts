import type { Logger } from 'pino'
import { daemonSetsGateName } from '../lock/gates/watch-daemon-sets.ts'
import { NodePods } from '../lock/node-pods.ts'
import { noPods, type PodFacts, type PodSource } from '../lock/pods.ts'
import { isIdentified } from '../lock/queue/queue.ts'
import { readPod } from '../lock/read-pod.ts'
import type { LockService } from '../lock/service.ts'
import type { NodePodsWatch } from '../kube/node-pods.ts'
import type { LockCluster } from './lock-options.ts'

/** The pods of the node, once they are watched. */
export interface LockPods {
  readonly pods: PodSource
  /** Begins to watch them for a service; the returned function ends that. */
  readonly start: (service: LockService) => () => void
}

// While somebody starts, a watch that is silent for so long is not trusted: it may be dead and not look so.
const suspectAfterMs = 10_000
const lookEveryMs = 5_000
const longestPauseMs = 150_000

/**
 * Prepares to watch the pods of a node. Without a cluster nothing is known of pods.
 *
 * @param isSameBoot whether the state of a lock of the same boot was found.
 */
export async function openLockPods(cluster: LockCluster | undefined, isSameBoot: boolean, log: Logger): Promise<LockPods> {
  if (cluster === undefined) {
    log.warn('no cluster, or no --node: nothing is known of pods, and a turn ends by time or when it is given back')
    return { pods: noPods, start: () => () => {} }
  }
  // The client library is loaded where there is a cluster alone.
  const [{ clusterOf }, { watchNodePods }] = await Promise.all([import('../kube/cluster.ts'), import('../kube/node-pods.ts')])
  const config = clusterOf(cluster.kubeconfig)
  let watching: NodePodsWatch | undefined
  const pods = new NodePods(isSameBoot, () => watching?.staleMs() ?? 0)
  return {
    pods,
    start(service) {
      const watch = watchNodePods<PodFacts>(
        { config, node: cluster.node, pick: readPod },
        {
          put: (pod) => pods.put(pod),
          removed: ({ uid }) => pods.remove(uid),
          synced() {
            if (pods.health().state === 'starting') log.info({ pods: pods.health().known }, 'the pods of the node are known')
            pods.synced()
          },
          lost(error) {
            pods.lost()
            log.warn({ err: error }, 'the API server is not heard: turns end by time until it is')
          },
          back() {
            pods.back()
            log.info('the API server is heard again')
          },
        },
      )
      watching = watch
      let [pauseMs, refreshedAt] = [0, -Infinity]
      const unwatch = pods.watch({ changed: () => (pauseMs = 0), gone: () => (pauseMs = 0), synced() {} })
      const timer = setInterval(() => {
        const now = performance.now()
        if (watch.staleMs() < suspectAfterMs || now - refreshedAt < pauseMs || !isWatchNeeded(service)) return
        watch.refresh(suspectAfterMs)
        // A turn that nothing ends is long and quiet: then more and more seldom, and not all nodes at the same time.
        pauseMs = Math.min(longestPauseMs, Math.max(suspectAfterMs, 2 * pauseMs)) * (1 + Math.random() / 4)
        refreshedAt = now
      }, lookEveryMs).unref()
      return () => {
        clearInterval(timer)
        unwatch()
        watch.stop()
      }
    },
  }
}

/** Whether somebody has a turn that Kubernetes could end, or a gate is closed that it could open. */
function isWatchNeeded({ queue }: LockService): boolean {
  if ([...queue.leases()].some(({ key }) => isIdentified(key))) return true
  return [...queue.closedGates()].some(({ name, overdue }) => name === daemonSetsGateName && !overdue)
}
