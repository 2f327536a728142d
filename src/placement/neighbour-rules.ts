import { objectsAt, textAt } from '../check/json-paths.ts'
import type { JsonObject } from '../units/json.ts'
import { isAbout, type NamespaceLabels, type PodTerm, readOwnTerm, selectsNamespaces, withNamespaces } from './pod-term.ts'

/** Which pods a rule counts: those that all of its terms are about, and that use its claim. */
export interface CountedPods {
  readonly terms: readonly PodTerm[]
  /** Of the pod's own namespace; undefined: whatever they use. */
  readonly claim?: string
  /** Whether the pod whose rule it is is itself one of those that count. */
  readonly countsItself: boolean
  /** Whether pods count that are ending. */
  readonly countsEnding: boolean
}

/** A claim that one pod at a time may use (ReadWriteOncePod): pods count that use it, wherever they are. */
export interface AloneRule extends CountedPods {
  readonly claim: string
}

/** Pods that count in a domain: nodes with the same value of a label. */
export interface NeighbourRule extends CountedPods {
  readonly topologyKey: string
}

/** Required pod affinity: there must be pods that all of it is about in the domain of each key. */
export interface TogetherRule extends CountedPods {
  readonly topologyKeys: readonly string[]
}

/** `v1.TopologySpreadConstraint` */
export interface SpreadRule extends NeighbourRule {
  readonly maxSkew: number
  /** With fewer domains, the least of them counts as empty. */
  readonly minDomains: number
  /** Whether nodes count that the pod's node selector and node affinity do not let it have; or its tolerations. */
  readonly isOfAllNodes: boolean
  readonly isOfTaintedNodes: boolean
}

/** A term by which a pod keeps others away, and from where. */
export interface Repulsion {
  readonly topologyKey: string
  readonly term: PodTerm
}

/** What a pod asks of its neighbours. */
export interface NeighbourRules {
  /** Each keeps it out of domains that have such pods (required pod anti-affinity). */
  readonly apart: readonly NeighbourRule[]
  /** Topology spread that is not to be broken (DoNotSchedule). */
  readonly spread: readonly SpreadRule[]
  /** Keeps it where such pods are; the first one of them, where it counts itself, goes anywhere (required pod affinity). */
  readonly together: TogetherRule | undefined
  /** The terms of `apart`, as others have to keep to them. */
  readonly repulsions: readonly Repulsion[]
  /** What of them is not judged, in words. */
  readonly notJudged: readonly string[]
}

/** Whose rules are read. */
export interface RuleOwner {
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  /** Of all namespaces; undefined: they could not be listed. */
  readonly namespaces: NamespaceLabels | undefined
}

/** Reads what a pod that is to come asks of its neighbours. */
export function readNeighbourRules(spec: unknown, owner: RuleOwner): NeighbourRules {
  const antiAffinities = antiAffinitiesOf(spec).map((term) => ({ topologyKey: keyOf(term), term: ownTermOf(term, owner) }))
  const affinities = requiredOf(spec, 'podAffinity').map((term) => ({ topologyKey: keyOf(term), term: ownTermOf(term, owner) }))
  const apart = antiAffinities.flatMap(({ topologyKey, term }): readonly NeighbourRule[] => (term === undefined ? [] : [{ topologyKey, ...counting([term], owner) }]))
  const terms = affinities.flatMap(({ term }) => term ?? [])
  const isJudged = terms.length === affinities.length
  return {
    apart,
    spread: constraintsOf(spec).map((constraint) => spreadOf(constraint, owner)),
    together: affinities.length > 0 && isJudged ? { topologyKeys: affinities.map(({ topologyKey }) => topologyKey), ...counting(terms, owner) } : undefined,
    repulsions: antiAffinities.flatMap(({ topologyKey, term }) => (term === undefined ? [] : [{ topologyKey, term }])),
    notJudged: [
      ...(isJudged ? [] : [`affinity to pods of namespaces that are selected by their labels, which could not be listed`]),
      ...(apart.length === antiAffinities.length ? [] : ['anti-affinity to pods of namespaces that are selected by their labels, which could not be listed']),
    ],
  }
}

/** Whether it takes the labels of namespaces to read the rules of a pod. */
export function needsNamespaces(spec: unknown): boolean {
  return [...antiAffinitiesOf(spec), ...requiredOf(spec, 'podAffinity')].some((term) => selectsNamespaces(readOwnTerm(term, '', {})))
}

/** The terms of the required anti-affinity of a pod. */
export function antiAffinitiesOf(spec: unknown): readonly JsonObject[] {
  return requiredOf(spec, 'podAntiAffinity')
}

export function keyOf(term: JsonObject): string {
  return textAt(term, 'topologyKey') ?? ''
}

function requiredOf(spec: unknown, kind: 'podAffinity' | 'podAntiAffinity'): readonly JsonObject[] {
  return objectsAt(spec, 'affinity', kind, 'requiredDuringSchedulingIgnoredDuringExecution')
}

function constraintsOf(spec: unknown): readonly JsonObject[] {
  return objectsAt(spec, 'topologySpreadConstraints').filter(({ whenUnsatisfiable }) => whenUnsatisfiable !== 'ScheduleAnyway')
}

function ownTermOf(term: JsonObject, { namespace, labels, namespaces }: RuleOwner): PodTerm | undefined {
  const read = readOwnTerm(term, namespace, labels)
  if (!selectsNamespaces(read)) return read
  return namespaces === undefined ? undefined : withNamespaces(read, namespaces)
}

function counting(terms: readonly PodTerm[], { namespace, labels }: RuleOwner): CountedPods {
  return { terms, countsItself: terms.every((term) => term.revision !== 'other' && isAbout(term, namespace, labels, undefined) === true), countsEnding: true }
}

function spreadOf(constraint: JsonObject, owner: RuleOwner): SpreadRule {
  const { maxSkew, minDomains, nodeAffinityPolicy, nodeTaintsPolicy } = constraint
  const read = readOwnTerm({ ...constraint, namespaces: null, namespaceSelector: null }, owner.namespace, owner.labels)
  // One that selects all counts none of those that are there (countPodsMatchSelector of the scheduler).
  const isOfAll = read.selector?.requirements.length === 0 && read.revision === undefined
  return {
    topologyKey: keyOf(constraint),
    ...counting([isOfAll ? { ...read, selector: undefined } : read], owner),
    countsEnding: false,
    maxSkew: typeof maxSkew === 'number' ? maxSkew : 1,
    minDomains: typeof minDomains === 'number' ? minDomains : 1,
    isOfAllNodes: nodeAffinityPolicy === 'Ignore',
    isOfTaintedNodes: nodeTaintsPolicy !== 'Honor',
  }
}
