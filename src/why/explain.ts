import { nameOf, textAt } from '../check/json-paths.ts'
import type { Instance } from '../job/instances/instance.ts'
import { type Summary, summariseWorkload } from '../job/instances/summary.ts'
import type { Cause, SeenPod, WhyFacts } from './facts.ts'
import { instanceCause } from './instance-cause.ts'
import { workloadCauses, workloadNotes } from './workload-causes.ts'

/** Why a workload is as it is. */
export interface Explanation {
  readonly kind: string
  /** `NAMESPACE/NAME` */
  readonly name: string
  readonly summary: Summary
  /** What is worth knowing, and is no fault. */
  readonly notes: readonly string[]
  /** Those that matter most first. */
  readonly instances: readonly Instance[]
  /** Those that matter most first. */
  readonly causes: readonly Cause[]
}

/** Explains a workload by what is known of it. Pure. */
export function explain(facts: WhyFacts): Explanation {
  const { workload, pods } = facts
  const instances = pods.map(({ instance }) => instance)
  return {
    kind: textAt(workload, 'kind') ?? '',
    name: nameOf(workload),
    summary: summariseWorkload(workload, instances),
    notes: workloadNotes(facts),
    instances: instances.toSorted(byWeight),
    causes: [...workloadCauses(facts), ...groupsOf(pods).map((group) => instanceCause(group, facts))],
  }
}

/** Pods that are as they are for the same reason: the one that tells most comes first. */
export function groupsOf(pods: readonly SeenPod[]): readonly (readonly [SeenPod, ...SeenPod[]])[] {
  const groups = new Map<string, [SeenPod, ...SeenPod[]]>()
  for (const seen of pods.toSorted((left, right) => byWeight(left.instance, right.instance))) {
    if (!isToExplain(seen.instance)) continue
    const { state, reason, container, node } = seen.instance
    const isOfNode = ofNode.has(state) || ofNode.has(reason)
    const key = JSON.stringify([state, reason, container, isOfNode ? node : ''])
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [seen])
    else group.push(seen)
  }
  return [...groups.values()]
}

// What is another matter on another node.
const ofNode: ReadonlySet<string> = new Set(['Queued', 'NodeNotReady', 'NotTaken', 'NoSandbox', 'EndOverdue'])

/** Whether an instance is not as it should be, or has something to wait for. */
export function isToExplain({ state, isTrouble }: Instance): boolean {
  return state === 'Ending' || state === 'Healthy' || state === 'Done' ? isTrouble : true
}

const weights: Readonly<Record<Instance['state'], number>> = { Unhealthy: 1, Failed: 2, Pending: 3, Starting: 4, Gated: 5, Queued: 6, Ending: 7, Healthy: 8, Done: 9 }

function byWeight(left: Instance, right: Instance): number {
  return Number(right.isTrouble) - Number(left.isTrouble) || weights[left.state] - weights[right.state] || right.sinceMs - left.sinceMs || left.name.localeCompare(right.name)
}
