import { hostname } from 'node:os'
import type { Logger } from 'pino'
import type { WatchHealth } from '../kube/watch-health.ts'
import { Breaker, type BreakerCause, type BreakerEvent } from '../webhook/breaker.ts'
import type { ClusterMetrics } from '../webhook/cluster-metrics.ts'
import { type JoinedCluster, listenerFor } from './join-cluster.ts'

/** What the breaker is run with. */
export interface BreakerParts {
  readonly joined: JoinedCluster
  /** The name of the lock's DaemonSet, in our own namespace. */
  readonly daemonSet: string
  /** The image that the init container gets. */
  readonly image: string
  readonly metrics: ClusterMetrics
  readonly log: Logger
  /** Takes a watch that was begun: shows how it is doing, and stops it. */
  readonly keep: (name: string, watch: WatchHealth) => void
}

/** A breaker that runs. */
export interface RunningBreaker {
  isLockAvailable(): boolean
  stop(): void
}

// What has to have lasted for 20 s or a minute may be noticed a second later.
const tickMs = 1_000

/** Feeds the breaker from the cluster; what it does is logged, counted, and told as an Event of the DaemonSet. */
export function runBreaker({ joined, daemonSet, image, metrics, log, keep }: BreakerParts): RunningBreaker {
  const { kube, cluster, namespace } = joined
  const breaker = new Breaker()
  const stopping = new AbortController()
  let causes = breaker.causes
  let uid: string | undefined
  /** Whether an Event says that the lock is left out. */
  let told = false
  metrics.breaker(causes)

  function note(event: BreakerEvent): void {
    breaker.note(event, performance.now())
    const before = causes
    causes = breaker.causes
    if (before.join() !== causes.join()) report()
  }

  function report(): void {
    metrics.breaker(causes)
    const message = describe(causes)
    const leftOut = causes.length > 0
    const { hanging: pods, firstHanging: first } = breaker
    if (leftOut) log.warn({ causes, ...(first === undefined ? {} : { pods, ...first }) }, message)
    else log.info(message)
    if (leftOut === told) return
    told = leftOut
    void tell(leftOut, first === undefined || !leftOut ? message : `${message} (${first.pod}: ${first.reason})`)
  }

  async function tell(leftOut: boolean, message: string): Promise<void> {
    try {
      await kube.createEvent(
        cluster,
        { namespace, component: 'usher-webhook', instance: hostname() },
        {
          type: leftOut ? 'Warning' : 'Normal',
          reason: leftOut ? 'LockLeftOut' : 'LockInjectedAgain',
          message,
          about: { apiVersion: 'apps/v1', kind: 'DaemonSet', name: daemonSet, ...(uid === undefined ? {} : { uid }) },
          at: new Date(),
        },
        stopping.signal,
      )
    } catch (error) {
      if (!stopping.signal.aborted) log.warn({ err: error }, 'the API server does not take an event')
    }
  }

  const locks = 'lock-daemonset'
  const pods = 'pending-pods'
  keep(
    locks,
    kube.watchLockDaemonSet(
      { config: cluster, namespace, name: daemonSet },
      (facts) => {
        uid = facts?.uid ?? uid
        note({ kind: 'locks', ready: facts?.ready ?? 0 })
      },
      listenerFor(locks, log),
    ),
  )
  keep(
    pods,
    kube.watchHangingPods(
      { config: cluster, image, since: Date.now() },
      {
        hanging: (pod, reason) => note({ kind: 'hanging', pod, reason }),
        freed: (pod) => note({ kind: 'freed', pod }),
      },
      listenerFor(pods, log),
    ),
  )
  const timer = setInterval(() => note({ kind: 'tick' }), tickMs).unref()
  return {
    isLockAvailable: () => causes.length === 0,
    stop() {
      clearInterval(timer)
      stopping.abort()
    },
  }
}

function describe(causes: readonly BreakerCause[]): string {
  if (causes.includes('init-container-hangs')) return 'the lock is left out: pods hang on their init container usher-lock'
  if (causes.includes('no-lock-ready')) return 'the lock is left out: no lock is ready on any node'
  return causes.length > 0 ? 'the lock is left out: it is not known whether one is ready' : 'the lock is injected'
}
