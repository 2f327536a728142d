import { at, objectsAt, textAt } from '../check/json-paths.ts'
import { type NodeChoice, readNodeChoice } from '../node-health/daemon-set.ts'
import { isStringMap, type JsonObject } from '../units/json.ts'
import type { Amounts } from './amounts.ts'
import { type HostPort, hostPortsOf } from './host-ports.ts'
import { type LabelSelector, readSelector, selects } from './label-selector.ts'
import { requestsOf } from './pod-requests.ts'

/** What a pod asks of the node that it is to run on, and of its neighbours there. */
export interface Demand {
  readonly namespace: string
  readonly requests: Amounts
  readonly ports: readonly HostPort[]
  readonly choice: NodeChoice
  /** `spec.nodeName`; undefined: any. */
  readonly nodeName: string | undefined
  /** Each keeps it out of domains that have such pods (required pod anti-affinity). */
  readonly apart: readonly NeighbourRule[]
  /** Topology spread that is not to be broken (DoNotSchedule). */
  readonly spread: readonly SpreadRule[]
  /** Each keeps it on nodes that have such pods; the first one of them, where it counts itself, goes anywhere (required pod affinity). */
  readonly together: readonly NeighbourRule[]
  /** What of it is not judged, in words. */
  readonly notJudged: readonly string[]
}

/** Pods that count in a domain: nodes with the same value of a label. */
export interface NeighbourRule {
  readonly topologyKey: string
  readonly namespaces: readonly string[]
  readonly selector: LabelSelector
  /** Whether the pod is itself one of those that count. */
  readonly countsItself: boolean
}

/** `v1.TopologySpreadConstraint` */
export interface SpreadRule extends NeighbourRule {
  readonly maxSkew: number
  /** With fewer domains, the least of them counts as empty. */
  readonly minDomains: number
}

/** Reads what a pod, as it would be created, demands. */
export function demandOf(pod: JsonObject, namespace: string): Demand {
  const spec = at(pod, 'spec')
  const labels = at(pod, 'metadata', 'labels')
  const own = isStringMap(labels) ? labels : {}
  const terms = objectsAt(spec, 'affinity', 'podAntiAffinity', 'requiredDuringSchedulingIgnoredDuringExecution')
  const affinities = objectsAt(spec, 'affinity', 'podAffinity', 'requiredDuringSchedulingIgnoredDuringExecution')
  const constraints = objectsAt(spec, 'topologySpreadConstraints').filter(({ whenUnsatisfiable }) => whenUnsatisfiable !== 'ScheduleAnyway')
  return {
    namespace,
    requests: requestsOf(pod),
    ports: hostPortsOf(pod),
    choice: readNodeChoice(spec),
    nodeName: textAt(spec, 'nodeName'),
    apart: terms.filter(isJudged).map((term) => ruleOf(term, namespacesOf(term, namespace), own)),
    spread: constraints.map((constraint) => ({
      ...ruleOf(constraint, [namespace], own),
      maxSkew: typeof constraint['maxSkew'] === 'number' ? constraint['maxSkew'] : 1,
      minDomains: typeof constraint['minDomains'] === 'number' ? constraint['minDomains'] : 1,
    })),
    together: affinities.filter(isOfNodes).map((term) => ruleOf(term, namespacesOf(term, namespace), own)),
    notJudged: notJudgedOf(spec, terms, affinities, constraints),
  }
}

/** The rules about neighbours of a demand, in the order in which their pods are counted. */
export function neighbourRulesOf({ apart, spread, together }: Demand): readonly NeighbourRule[] {
  return [...apart, ...spread, ...together]
}

function ruleOf(term: JsonObject, namespaces: readonly string[], own: Readonly<Record<string, string>>): NeighbourRule {
  const selector = readSelector(term['labelSelector'])
  return {
    topologyKey: textAt(term, 'topologyKey') ?? '',
    namespaces,
    selector: selector ?? { requirements: [{ key: '', operator: 'Exists', values: [] }] },
    countsItself: selector !== undefined && selects(selector, own),
  }
}

function namespacesOf(term: JsonObject, namespace: string): readonly string[] {
  const { namespaces } = term
  return Array.isArray(namespaces) && namespaces.length > 0 ? namespaces.filter((each) => typeof each === 'string') : [namespace]
}

/** Which namespaces a selector selects is not looked at. */
function isJudged({ namespaceSelector, matchLabelKeys, mismatchLabelKeys }: JsonObject): boolean {
  return !isSet(namespaceSelector) && !isSet(matchLabelKeys) && !isSet(mismatchLabelKeys)
}

/** In a domain of several nodes, the node with the most room need not be in the domain with the most. */
function isOfNodes(term: JsonObject): boolean {
  return isJudged(term) && term['topologyKey'] === 'kubernetes.io/hostname'
}

function isSet(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0)
}

// Of volumes that are bound to nodes, or may be.
const boundVolumes = ['persistentVolumeClaim', 'ephemeral', 'csi'] as const

function notJudgedOf(spec: unknown, terms: readonly JsonObject[], affinities: readonly JsonObject[], constraints: readonly JsonObject[]): readonly string[] {
  const volumes = objectsAt(spec, 'volumes').some((volume) => boundVolumes.some((kind) => isSet(volume[kind])))
  const scheduler = textAt(spec, 'schedulerName') ?? 'default-scheduler'
  return [
    ...(volumes ? ['where its volumes can be attached'] : []),
    ...(affinities.every(isOfNodes) ? [] : ['required affinity to pods of its zone or of other domains, or by namespaces or label keys that are selected']),
    ...(terms.every(isJudged) ? [] : ['anti-affinity that selects namespaces or label keys']),
    ...(constraints.some(({ matchLabelKeys }) => isSet(matchLabelKeys)) ? ['matchLabelKeys of its topology spread'] : []),
    ...(isSet(at(spec, 'resourceClaims')) ? ['its resource claims (dynamic resource allocation)'] : []),
    ...(isSet(at(spec, 'schedulingGates')) ? ['its scheduling gates'] : []),
    ...(scheduler === 'default-scheduler' ? [] : [`what the scheduler ${scheduler} adds`]),
    ...(isSet(at(spec, 'priorityClassName')) ? ['pods of lower priority, whose room it may take'] : []),
  ]
}
