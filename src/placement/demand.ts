import { at, textAt } from '../check/json-paths.ts'
import { type NodeChoice, readNodeChoice } from '../node-health/daemon-set.ts'
import { isStringMap, type JsonObject } from '../units/json.ts'
import type { Amounts } from './amounts.ts'
import { type HostPort, hostPortsOf } from './host-ports.ts'
import { type AloneRule, type CountedPods, type NeighbourRules, readNeighbourRules } from './neighbour-rules.ts'
import { requestsOf } from './pod-requests.ts'
import type { NamespaceLabels } from './pod-term.ts'

/** What a pod asks of the node that it is to run on, and of its neighbours. */
export interface Demand extends NeighbourRules {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly requests: Amounts
  readonly ports: readonly HostPort[]
  readonly choice: NodeChoice
  /** Claims that it has to have for itself. */
  readonly alone: readonly AloneRule[]
  /** `spec.nodeName`; undefined: any. */
  readonly nodeName: string | undefined
}

/**
 * Reads what a pod, as it would be created, demands.
 *
 * @param namespaces the labels of all of them; undefined: they are not known.
 * @param claimsAlone of its claims, those that one pod at a time may use.
 */
export function demandOf(pod: JsonObject, namespace: string, namespaces?: NamespaceLabels, claimsAlone: readonly string[] = []): Demand {
  const spec = at(pod, 'spec')
  const found = at(pod, 'metadata', 'labels')
  const labels = isStringMap(found) ? found : {}
  const rules = readNeighbourRules(spec, { namespace, labels, namespaces })
  return {
    ...rules,
    namespace,
    labels,
    requests: requestsOf(pod),
    ports: hostPortsOf(pod),
    choice: readNodeChoice(spec),
    alone: claimsAlone.map((claim) => ({ claim, terms: [], countsItself: true, countsEnding: true })),
    nodeName: textAt(spec, 'nodeName'),
    notJudged: [...notJudgedOf(spec), ...rules.notJudged],
  }
}

/** All that a demand counts, in an order of its own. */
export function countedPodsOf({ apart, spread, together, alone }: Pick<Demand, 'apart' | 'spread' | 'together' | 'alone'>): readonly CountedPods[] {
  return [...apart, ...spread, ...(together === undefined ? [] : [together]), ...alone]
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)
}

function notJudgedOf(spec: unknown): readonly string[] {
  const scheduler = textAt(spec, 'schedulerName') ?? 'default-scheduler'
  return [
    ...(isSet(at(spec, 'resourceClaims')) ? ['its resource claims (dynamic resource allocation)'] : []),
    ...(isSet(at(spec, 'schedulingGates')) ? ['its scheduling gates'] : []),
    ...(scheduler === 'default-scheduler' ? [] : [`what the scheduler ${scheduler} adds`]),
    ...(isSet(at(spec, 'priorityClassName')) ? ['pods of lower priority, whose room it may take'] : []),
  ]
}
