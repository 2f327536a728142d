import { at, textAt } from '../../check/json-paths.ts'
import { type LogContainer, type LogPod, readLogPod } from '../../job/instances/log-pod.ts'
import { conditionOf } from '../../job/instances/parts.ts'
import { pause, systemClock } from '../../kube/clock.ts'
import { startListWatch } from '../../kube/list-watch.ts'
import { type BackoffLimits, backoffMs } from '../../units/backoff.ts'
import { workloadKinds, workloadsPath } from '../../why/workload-kinds.ts'
import { explainFailure } from '../admin-cluster.ts'
import { askWith } from '../asker.ts'
import { exitCodes, type ExitCode } from '../exit-codes.ts'
import { selectorText } from '../workload-pods.ts'
import { type Follower, followLog } from './follow-log.ts'
import type { LogParts } from './log-output.ts'
import { mostLogs } from './show-logs.ts'

// While nothing logs: the controller of a job tells that it is done some seconds after its last log.
const lookAgain: BackoffLimits = { firstMs: 500, mostMs: 5_000 }

/**
 * Shows what the instances of a job log from now on, those that come later, too: until somebody stops it, or the job is
 * done or gone.
 *
 * @throws where its pods may not be listed, or the output fails.
 */
export async function followLogs(parts: LogParts): Promise<ExitCode> {
  const { admin, workload, wish, tell } = parts
  const ending = new AbortController()
  const stopping = AbortSignal.any([parts.stopping, ending.signal])
  const { promise: ended, resolve, reject } = Promise.withResolvers<ExitCode>()
  const pods = new Map<string, LogPod>()
  const followers = new Map<string, Follower>()
  let isSynced = false
  let isFull = false
  let isLooking = false
  const stop = (): void => resolve(exitCodes.done)
  parts.stopping.addEventListener('abort', stop)

  function see(pod: LogPod): void {
    pods.set(pod.uid, pod)
    for (const container of pod.containers) if (container.id !== undefined) follow(pod, container)
  }

  function follow(pod: LogPod, container: LogContainer): void {
    const key = `${pod.uid} ${container.name}`
    const of = { pod: pod.name, container: container.name, containers: pod.containers.length }
    const follower = followers.get(key) ?? { of, isNew: isSynced, last: undefined, doneId: undefined, isActive: false, current: () => pods.get(pod.uid)?.containers.find(({ name }) => name === container.name) }
    followers.set(key, follower)
    if (follower.isActive || follower.doneId === container.id) return
    if (countActive() >= mostLogs) {
      if (!isFull) tell(`there are more than ${mostLogs} logs: those of ${of.pod}, and what comes after it, are left out; --container names one of each instance`)
      isFull = true
      return
    }
    followLog(follower, { ...parts, stopping }).then(lookForEnd).catch(reject)
  }

  function countActive(): number {
    return [...followers.values()].filter(({ isActive }) => isActive).length
  }

  /** Nothing goes on: that may be for good, of which nothing but the workload tells, and that later than its last log. */
  async function lookForEnd(): Promise<void> {
    if (isLooking || !isSynced) return
    isLooking = true
    try {
      for (let looks = 1; !stopping.aborted && countActive() === 0; looks++) {
        // oxlint-disable-next-line no-await-in-loop -- one look after the other
        if ((await isOver()) && countActive() === 0) return resolve(exitCodes.done)
        // oxlint-disable-next-line no-await-in-loop
        await pause(systemClock, backoffMs(looks, lookAgain, Math.random()), stopping)
      }
    } finally {
      isLooking = false
    }
  }

  /** Whether the workload is done or gone; an answer that does not come tells neither. */
  async function isOver(): Promise<boolean> {
    const kind = workloadKinds.find((each) => each.kind === workload['kind'])
    if (kind === undefined) return false
    const path = `${workloadsPath(kind, textAt(workload, 'metadata', 'namespace'))}/${textAt(workload, 'metadata', 'name') ?? ''}`
    const found = await askWith(admin, stopping).getIfThere(path).catch(() => workload)
    if (found === undefined || textAt(found, 'metadata', 'uid') !== textAt(workload, 'metadata', 'uid')) return true
    return kind.kind === 'Job' && ['Complete', 'Failed'].some((type) => conditionOf(found, type)?.['status'] === 'True')
  }

  const watch = startListWatch<LogPod>(
    {
      config: admin.config,
      path: `/api/v1/namespaces/${textAt(workload, 'metadata', 'namespace') ?? ''}/pods`,
      labelSelector: selectorText(at(workload, 'spec', 'selector')),
      pick: (pod) => readLogPod(pod, wish.container),
    },
    {
      added: (_key, pod) => see(pod),
      changed: (_key, pod) => see(pod),
      gone(_key, pod) {
        pods.delete(pod.uid)
        lookForEnd().catch(reject)
      },
      synced() {
        isSynced = true
        lookForEnd().catch(reject)
      },
      failed(error) {
        // Who may not list them now never will; who could is told that nothing new is heard.
        if (!isSynced) reject(explainFailure(admin, error))
        else tell(`new instances are not heard of now: ${error instanceof Error ? error.message : String(error)}`)
      },
    },
  )
  try {
    return await ended
  } finally {
    ending.abort()
    watch.stop()
    parts.stopping.removeEventListener('abort', stop)
  }
}
