import type { KubeConfig } from '@kubernetes/client-node'
import { readLockStart } from '../inject/lock-start.ts'
import { lockContainerName } from '../inject/names.ts'
import type { Clock } from '../units/clock.ts'
import { isCount, isObject, type JsonObject, objectsOf } from '../units/json.ts'
import { type ListWatch, startListWatch } from './list-watch.ts'
import type { WatchHealth, WatchListener } from './watch-health.ts'

const clockOf = (clock: Clock | undefined): { readonly clock?: Clock } => (clock === undefined ? {} : { clock })

/** What a DaemonSet says of itself. */
export interface DaemonSetFacts {
  readonly uid: string
  /** On how many nodes its pod is ready. */
  readonly ready: number
}

/** Which DaemonSet is watched. */
export interface LockDaemonSetOptions {
  readonly config: KubeConfig
  readonly namespace: string
  readonly name: string
  readonly clock?: Clock
}

/**
 * Watches the DaemonSet of the locks.
 *
 * @param told of it after the first answer and whenever that changes; undefined: it does not exist.
 */
export function watchLockDaemonSet(
  { config, namespace, name, clock }: LockDaemonSetOptions,
  told: (facts: DaemonSetFacts | undefined) => void,
  listener: WatchListener,
): WatchHealth {
  let failed = false
  const watch: ListWatch<DaemonSetFacts> = startListWatch(
    {
      config,
      path: `/apis/apps/v1/namespaces/${encodeURIComponent(namespace)}/daemonsets`,
      // One by its name: so the right to list and to watch can be limited to it.
      fieldSelector: `metadata.name=${name}`,
      pick: pickDaemonSet,
      ...clockOf(clock),
    },
    {
      added: (_key, facts) => told(facts),
      changed: (_key, facts) => told(facts),
      gone: () => told(undefined),
      synced() {
        if (watch.size === 0) told(undefined)
      },
      failed(error) {
        failed = true
        listener.lost(error)
      },
      recovered: listener.back,
    },
  )
  return { isTried: () => watch.synced || failed, staleMs: () => watch.staleMs(), stop: () => watch.stop() }
}

function pickDaemonSet({ metadata, status }: JsonObject): DaemonSetFacts {
  const uid = isObject(metadata) ? metadata['uid'] : undefined
  const ready = isObject(status) ? status['numberReady'] : undefined
  return { uid: typeof uid === 'string' ? uid : '', ready: isCount(ready) ? ready : 0 }
}

/** Which pods are watched for whether they hang on our init container. */
export interface HangingPodsOptions {
  readonly config: KubeConfig
  /**
   * The image that the init container gets now. Pods that hang with another one tell nothing about it, such as those
   * that are left over from an image that has been mended since.
   */
  readonly image: string
  /**
   * Pods that were created at this time or later (milliseconds since 1970) count with whatever image they have: another
   * webhook may have changed it to that of a mirror.
   */
  readonly since: number
  readonly clock?: Clock
}

/** What is told of pods, as `namespace/name`. */
export interface HangingPodsListener {
  /** The init container cannot be started, for this reason. */
  readonly hanging: (pod: string, reason: string) => void
  /** The pod does not hang, or no more: it went on, or is gone. */
  readonly freed: (pod: string) => void
}

/** Watches the pending pods of the cluster for those that hang on our init container. Of the others nothing is kept. */
export function watchHangingPods(
  { config, image, since, clock }: HangingPodsOptions,
  { hanging, freed }: HangingPodsListener,
  listener: WatchListener,
): WatchHealth {
  let failed = false
  function tell(pod: string, { reason }: InitFacts): void {
    // Between two attempts there is no reason; the pod hangs on all the same.
    if (reason !== '') hanging(pod, reason)
  }
  const watch = startListWatch<InitFacts>(
    {
      config,
      path: '/api/v1/pods',
      // One whose init containers are done is running, and leaves the list.
      fieldSelector: 'status.phase=Pending',
      pick: (pod) => (tellsOf(pod, image, since) ? pickPod(pod) : undefined),
      ...clockOf(clock),
    },
    {
      added: tell,
      changed: tell,
      gone: freed,
      failed(error) {
        failed = true
        listener.lost(error)
      },
      recovered: listener.back,
    },
  )
  return { isTried: () => watch.synced || failed, staleMs: () => watch.staleMs(), stop: () => watch.stop() }
}

interface InitFacts {
  /** Why it cannot be started; empty where that is not known (yet). */
  readonly reason: string
}

/** Whether what comes of the pod's init container says something about the pods that are created now. */
function tellsOf({ metadata, spec }: JsonObject, image: string, since: number): boolean {
  const created = isObject(metadata) ? metadata['creationTimestamp'] : undefined
  if (typeof created === 'string' && Date.parse(created) >= since) return true
  return objectsOf(isObject(spec) ? spec['initContainers'] : undefined).some((each) => each['name'] === lockContainerName && each['image'] === image)
}

/** Undefined where the pod has not our container, or is past it, or is on its way out. */
function pickPod(pod: JsonObject): InitFacts | undefined {
  const start = readLockStart(pod)
  return start.kind === 'waiting' ? { reason: start.failure } : undefined
}
