import { parseDuration } from '../units/duration.ts'
import { valueOf, whenTold } from './asked.ts'
import type { CheckedPod } from './checked-pod.ts'
import type { Facts } from './facts.ts'
import { type Finding, ok, skipped, warning } from './finding.ts'
import { at, objectsAt, textAt } from './json-paths.ts'

/** Pods that would be injected if they were made now are. */
export function judgePods({ pods, config }: Facts): Finding {
  return whenTold(config, () => whenTold(pods, (all) => {
    const missing = all.filter(({ lacks }) => lacks.length > 0)
    if (missing.length === 0) return ok(all.length === 0 ? 'there are no pods that usher is on for' : `all of the ${all.length} pods that usher is on for have what they are to have`)
    return warning(`${missing.length} of ${all.length} pods that usher is on for run without: they are older than it, or were made while it was away`, {
      items: missing.map(({ name, lacks }) => `${name}: no ${lacks.join(', no ')}`),
      hint: 'kubectl rollout restart of their workloads makes them anew; if new ones lack it, too, see injection',
    })
  }))
}

/** Naps end before the kubelet of a node that is shut down stops waiting. */
export function judgeNaps({ kubelets, pods }: Facts): Finding {
  return whenTold(pods, (all) => {
    const [first] = kubelets
    if (first === undefined) return skipped('no pod naps on any node')
    const told = kubelets.flatMap(({ node, config }) => (config.kind === 'told' ? [{ node, seconds: shutdownSeconds(config.value) }] : []))
    if (told.length === 0) return whenTold(first.config, () => ok(''))
    const graceful = told.filter(({ seconds }) => seconds !== undefined && seconds > 0)
    if (graceful.length === 0) return ok('nodes that are shut down do not wait for their pods at all (shutdownGracePeriod is 0); drain them first')
    const items = graceful.flatMap(({ node, seconds = 0 }) => tooLong(all, node, seconds))
    const untold = kubelets.length - told.length
    if (items.length > 0) {
      return warning('pods nap for longer than their node waits for them when it is shut down', { items, hint: 'raise shutdownGracePeriod of the kubelets, or shorten usher.dev/nap' })
    }
    return ok(`naps end in time when a node is shut down${untold > 0 ? ` (${untold} kubelets could not be asked)` : ''}`)
  })
}

function tooLong(pods: readonly CheckedPod[], node: string, seconds: number): readonly string[] {
  return pods.filter((pod) => pod.node === node && pod.napSeconds > seconds).map(({ name, napSeconds }) => `${name}: ${napSeconds} s; ${node} waits ${seconds} s`)
}

/** How long a kubelet waits for pods that are not critical, at the least; undefined: it does not say. */
export function shutdownSeconds(configz: unknown): number | undefined {
  const config = at(configz, 'kubeletconfig')
  const seconds = (name: string): number => (parseDuration(textAt(config, name) ?? '0s') ?? 0) / 1_000
  const byPriority = objectsAt(config, 'shutdownGracePeriodByPodPriority').map((each) => Number(each['shutdownGracePeriodSeconds'] ?? 0))
  if (byPriority.length > 0) return Math.min(...byPriority)
  if (config === undefined) return undefined
  return Math.max(0, seconds('shutdownGracePeriod') - seconds('shutdownGracePeriodCriticalPods'))
}

/** Nodes on which pods nap: whose kubelets are worth asking. */
export function nappingNodes(pods: Facts['pods']): readonly string[] {
  return [...new Set((valueOf(pods) ?? []).flatMap(({ node, napSeconds }) => (node !== undefined && napSeconds > 0 ? [node] : [])))].toSorted()
}
