import type { Logger } from 'pino'
import type { DaemonPod } from '../../node-health/daemon-pod.ts'
import type { DaemonSetHealth } from '../../node-health/daemon-set-health.ts'
import { describeVerdict } from '../../node-health/describe.ts'
import type { NodeSource } from '../../node-health/source.ts'
import type { Asked } from '../../units/asked.ts'
import type { Clock } from '../../units/clock.ts'
import type { PodFacts, PodSource } from '../pods.ts'
import type { DaemonSetMetrics } from './daemon-sets-metrics.ts'
import type { GateListener } from './watch-checks.ts'

/** The gate's name, among those of the checks. */
export const daemonSetsGateName = 'daemonsets'

/** What a gate of DaemonSets is made of. */
export interface DaemonSetGateOptions {
  readonly source: NodeSource
  readonly health: DaemonSetHealth
  /** The pods of the node, as they are watched anyway. */
  readonly pods: PodSource
  readonly clock: Clock
  readonly random?: () => number
  readonly metrics: DaemonSetMetrics
  readonly log: Logger
}

// Between looks, jittered by a quarter: nodes that were booted together are not to ask together. While the gate is closed,
// for a DaemonSet that is mended by taking it away;
export const closedPauseMs = 10_000
// and while it is open, for labels and taints of the node. New DaemonSets show by their pods.
export const openPauseMs = 5 * 60_000
/** However much happens. */
export const leastLookPauseMs = 2_000
/** An API server that has just come up denies what it allows a moment later: only what it denies for so long is denied. */
export const deniedForMs = 30_000
// What the API server has in memory may be older than what a watch has told; and the owner of a pod may be there no more.
const mostTries = 3

/**
 * Opens and closes the lock's gate of DaemonSets. What there is, and what must run here, is asked for now and then; the
 * pods are judged with each change that the lock's own watch tells of.
 *
 * Where the API server is not heard, the gate stays as it is; where it does not let us ask, the gate is open: nobody but
 * an admin could mend that.
 */
export function watchDaemonSetGate(options: DaemonSetGateOptions, tell: GateListener): () => void {
  const { source, health, pods, clock, random = Math.random, metrics, log } = options
  const ending = new AbortController()
  /** What came of the last look; undefined: there was none. */
  let looked: Asked<unknown> | undefined
  let lookedAt = -Infinity
  /** Undefined while it looks. */
  let next: { readonly at: number; readonly cancel: () => void } | undefined
  /** DaemonSets of which there are unexpected pods, by their uids, and how often the API server was asked and did not name them. */
  let tries: ReadonlyMap<string, number> = new Map()
  let told: { readonly open: boolean; readonly reason: string } | undefined
  let warned: Asked<unknown>['kind'] | undefined
  /** Since when every look was denied; undefined: the last one was not. */
  let deniedSince: number | undefined

  async function look(): Promise<void> {
    next = undefined
    lookedAt = clock.now()
    const answer = await source.look(ending.signal)
    // The watch says once that it is lost, and may have been lost for another reason then.
    const hasRights = answer.kind !== 'told' || told === undefined || pods.health().state !== 'starting' ? answer : await source.pods(ending.signal)
    if (ending.signal.aborted) return
    hear(forNow(answer.kind === 'told' && hasRights.kind === 'denied' ? hasRights : answer))
    if (answer.kind === 'told') health.learn(answer.value)
    tries = new Map(newOwners().map((owner) => [owner, (tries.get(owner) ?? 0) + 1]))
    judge()
    const isSettled = told?.open === true && [...tries.values()].every((count) => count >= mostTries)
    lookAt(clock.now() + (isSettled ? openPauseMs : closedPauseMs) * (0.75 + random() / 2))
  }

  function forNow(answer: Asked<unknown>): Asked<unknown> {
    if (answer.kind !== 'denied') {
      deniedSince = undefined
      return answer
    }
    deniedSince ??= clock.now()
    return clock.now() - deniedSince >= deniedForMs ? answer : { kind: 'failed', error: answer.error }
  }

  function newOwners(): readonly string[] {
    return daemonPods().filter((pod) => health.isUnexpected(pod)).map(({ owner }) => owner)
  }

  function hear(answer: Asked<unknown>): void {
    looked = answer
    metrics.looked(answer.kind)
    if (answer.kind === warned) return
    if (answer.kind === 'told' && warned !== undefined) log.info({ gate: daemonSetsGateName }, 'the API server tells of the DaemonSets again')
    if (answer.kind === 'denied') log.warn({ gate: daemonSetsGateName, err: answer.error }, 'a right is missing: the gate of DaemonSets stays open')
    if (answer.kind === 'missing') log.warn({ gate: daemonSetsGateName, err: answer.error }, 'there is no such node: see --node, NODE_NAME, and which cluster --kubeconfig names; what was known stays')
    if (answer.kind === 'failed') log.warn({ gate: daemonSetsGateName, err: answer.error }, 'the API server does not tell of the DaemonSets; what was known stays')
    warned = answer.kind === 'told' ? undefined : answer.kind
  }

  function judge(): void {
    const verdict = health.judge(daemonPods())
    if (verdict !== undefined) metrics.judged(verdict)
    if (looked?.kind === 'denied') return say(true, 'not judged: the lock has no right to see the DaemonSets')
    if (pods.health().state === 'starting') return say(false, 'the pods of the node are not known yet')
    if (verdict !== undefined) return say(verdict.healthy, describeVerdict(verdict))
    if (looked?.kind === 'missing') return say(false, `${looked.error.message} (--node)`)
    return say(false, looked === undefined ? 'the DaemonSets are not known yet' : 'the API server does not tell of the DaemonSets')
  }

  function say(open: boolean, reason: string): void {
    const before = told
    if (before?.open === open && before.reason === reason) return
    told = { open, reason }
    // What is missing may be there no more.
    if (before?.open === true && !open) lookSoon()
    tell(daemonSetsGateName, open, reason)
  }

  function daemonPods(): readonly DaemonPod[] {
    return Array.from(pods.all()).flatMap(({ daemon }) => daemon ?? [])
  }

  function lookAt(at: number): void {
    next?.cancel()
    next = { at, cancel: clock.after(at - clock.now(), () => void look()) }
  }

  function lookSoon(): void {
    const soon = Math.max(clock.now(), lookedAt + leastLookPauseMs)
    if (next !== undefined && soon < next.at) lookAt(soon)
  }

  function hearPod({ daemon }: PodFacts, before?: PodFacts): void {
    if (daemon === undefined && before?.daemon === undefined) return
    if (daemon !== undefined && !tries.has(daemon.owner) && health.isUnexpected(daemon)) lookSoon()
    judge()
  }

  const unwatch = pods.watch({ changed: hearPod, gone: (pod) => hearPod(pod), synced: judge })
  judge()
  void look()
  return () => {
    ending.abort()
    next?.cancel()
    unwatch()
  }
}
