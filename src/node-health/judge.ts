import type { BootEvidence } from './boot.ts'
import type { DaemonPod } from './daemon-pod.ts'
import type { DaemonSetFacts } from './daemon-set.ts'
import type { NodeFacts } from './node.ts'
import { placementOn } from './placement.ts'

/** What a node's DaemonSets are like. */
export interface Verdict {
  /** Nothing is missing. */
  readonly healthy: boolean
  /** How many DaemonSets must have a pod on the node. */
  readonly required: number
  /** Those that have none that counts, in the order of their names. */
  readonly missing: readonly MissingDaemonSet[]
}

/** A DaemonSet that a node waits for. */
export interface MissingDaemonSet {
  readonly namespace: string
  readonly name: string
  /** What is wrong with its pod: there is none, it is not ready, or that it was ready is of before the boot. */
  readonly why: 'no-pod' | 'not-ready' | 'before-boot'
}

/**
 * Judges whether every DaemonSet that must run on a node has a pod there that is ready, and by a status of this boot.
 *
 * @param daemonSets those that count.
 * @param pods the pods of DaemonSets that are bound to the node.
 */
export function judge(daemonSets: readonly DaemonSetFacts[], node: NodeFacts, pods: Iterable<DaemonPod>, boot: BootEvidence): Verdict {
  const byOwner = Map.groupBy(
    [...pods].filter(({ isOver }) => !isOver),
    ({ owner }) => owner,
  )
  const required = daemonSets.filter((each) => mustRun(each, node, byOwner.has(each.uid)))
  const missing = required.flatMap(({ uid, namespace, name }) => {
    const why = lackOf(byOwner.get(uid) ?? [], boot)
    return why === undefined ? [] : [{ namespace, name, why }]
  })
  missing.sort((one, other) => compare(`${one.namespace}/${one.name}`, `${other.namespace}/${other.name}`))
  return { healthy: missing.length === 0, required: required.length, missing }
}

/** A taint may have come after the pod, and then the pod stays: while a node is not ready, that is so for most. */
function mustRun(daemonSet: DaemonSetFacts, node: NodeFacts, hasPod: boolean): boolean {
  if (daemonSet.isBeingDeleted) return false
  const placement = placementOn(daemonSet, node)
  return placement === 'runs' || (placement === 'stays' && hasPod)
}

function lackOf(pods: readonly DaemonPod[], boot: BootEvidence): MissingDaemonSet['why'] | undefined {
  if (pods.length === 0) return 'no-pod'
  const ready = pods.filter(({ isReady }) => isReady)
  if (ready.length === 0) return 'not-ready'
  return ready.some((pod) => boot.isOfThisBoot(pod)) ? undefined : 'before-boot'
}

function compare(one: string, other: string): number {
  return one < other ? -1 : Number(one > other)
}
