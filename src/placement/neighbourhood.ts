import { at, objectsAt, textAt } from '../check/json-paths.ts'
import { isStringMap, type JsonObject } from '../units/json.ts'
import { countedPodsOf, type Demand } from './demand.ts'
import { antiAffinitiesOf, type CountedPods, keyOf, type Repulsion } from './neighbour-rules.ts'
import { isAbout, type PodTerm, readPodTerm } from './pod-term.ts'

/** A pod, as its neighbours see it. */
export interface Neighbour {
  /** For people. */
  readonly name: string
  readonly namespace: string
  readonly labels: Readonly<Record<string, string>>
  readonly isEnding: boolean
  /** The claims that it uses, of its namespace. */
  readonly claims: readonly string[]
  readonly repulsions: readonly Repulsion[]
}

/** Reads a pod that is there. */
export function neighbourOf(pod: JsonObject): Neighbour {
  const namespace = textAt(pod, 'metadata', 'namespace') ?? ''
  const labels = at(pod, 'metadata', 'labels')
  return {
    name: `${namespace}/${textAt(pod, 'metadata', 'name') ?? ''}`,
    namespace,
    labels: isStringMap(labels) ? labels : {},
    isEnding: at(pod, 'metadata', 'deletionTimestamp') !== undefined,
    claims: objectsAt(pod, 'spec', 'volumes').flatMap((volume) => textAt(volume, 'persistentVolumeClaim', 'claimName') ?? []),
    repulsions: antiAffinitiesOf(at(pod, 'spec')).map((term) => ({ topologyKey: keyOf(term), term: readPodTerm(term, namespace) })),
  }
}

/** One of the pods that are to come. */
export function neighbourOfNew({ namespace, labels, repulsions, alone }: Demand): Neighbour {
  return { name: `${namespace}/(new)`, namespace, labels, isEnding: false, claims: alone.map(({ claim }) => claim), repulsions }
}

/** What a pod is to those that are to come: which of their rules count it, and by which labels of nodes it keeps them away. */
export interface Mark {
  readonly name: string
  readonly counted: readonly CountedPods[]
  readonly repelled: readonly string[]
}

/** Pods by the name of their node. */
type Counts = Map<string, number>

/**
 * The neighbours that pods of one kind would have: how many of those that each of their rules counts are on which node, and
 * which pods keep them away from where. Of other pods nothing is kept.
 */
export class Neighbourhood {
  readonly demand: Demand
  /** Of the demand's namespace; undefined: not known. */
  readonly #namespaceLabels: Readonly<Record<string, string>> | undefined
  readonly #counts: Map<CountedPods, Counts>
  /** By the label of nodes, then by node: the names of pods that keep such pods away. */
  readonly #repelled: Map<string, Map<string, readonly string[]>>
  #isUnsure: boolean

  constructor(demand: Demand, namespaceLabels?: Readonly<Record<string, string>>, from?: Neighbourhood) {
    this.demand = demand
    this.#namespaceLabels = namespaceLabels
    this.#counts = new Map(countedPodsOf(demand).map((rule) => [rule, new Map(from?.of(rule))]))
    this.#repelled = new Map([...(from?.repelled ?? [])].map(([key, nodes]) => [key, new Map(nodes)]))
    this.#isUnsure = from?.isUnsure ?? false
  }

  /** Whether a pod was seen that may keep them away, by labels of their namespace that are not known. */
  get isUnsure(): boolean {
    return this.#isUnsure
  }

  /**
   * What a pod is to them; undefined: nothing.
   *
   * @param isOwn of the workload whose neighbourhood it is.
   */
  markOf(pod: Neighbour, isOwn: boolean): Mark | undefined {
    const counted = [...this.#counts.keys()].filter((rule) => (!pod.isEnding || rule.countsEnding) && this.#isUsed(rule.claim, pod) && rule.terms.every((term) => isOfRule(term, pod, isOwn)))
    const repelled = pod.repulsions.flatMap(({ topologyKey, term }) => (this.#isKeptAwayBy(term) ? [topologyKey] : []))
    return counted.length + repelled.length === 0 ? undefined : { name: pod.name, counted, repelled }
  }

  /** Counts pods of a mark on a node. */
  add({ name, counted, repelled }: Mark, node: string, count = 1): void {
    for (const rule of counted) this.#count(rule, node, count)
    for (const key of repelled) {
      const nodes = this.#repelled.get(key) ?? new Map<string, readonly string[]>()
      this.#repelled.set(key, nodes.set(node, [...(nodes.get(node) ?? []), name]))
    }
  }

  /** Takes a pod out again: of what it is, all that is chosen. */
  take({ name, counted, repelled }: Mark, node: string, isTaken: (rule: CountedPods | 'repelled') => boolean = () => true): void {
    for (const rule of counted) if (isTaken(rule)) this.#count(rule, node, -1)
    if (!isTaken('repelled')) return
    for (const key of repelled) {
      const nodes = this.#repelled.get(key)
      const names = nodes?.get(node) ?? []
      if (names.includes(name)) nodes?.set(node, names.toSpliced(names.indexOf(name), 1))
    }
  }

  /** How many pods that a rule of the demand counts there are, by node. */
  of(rule: CountedPods): ReadonlyMap<string, number> {
    return this.#counts.get(rule) ?? new Map()
  }

  /** By the label of nodes, then by node: the names of pods that keep such pods away. */
  get repelled(): ReadonlyMap<string, ReadonlyMap<string, readonly string[]>> {
    return this.#repelled
  }

  copy(): Neighbourhood {
    return new Neighbourhood(this.demand, this.#namespaceLabels, this)
  }

  #isUsed(claim: string | undefined, { namespace, claims }: Neighbour): boolean {
    return claim === undefined || (namespace === this.demand.namespace && claims.includes(claim))
  }

  #isKeptAwayBy(term: PodTerm): boolean {
    // Of another workload's pods, which are never of the same revision.
    if (term.revision === 'same') return false
    const is = isAbout(term, this.demand.namespace, this.demand.labels, this.#namespaceLabels)
    if (is === undefined) this.#isUnsure = true
    return is === true
  }

  #count(rule: CountedPods, node: string, count: number): void {
    const nodes = this.#counts.get(rule)
    nodes?.set(node, (nodes.get(node) ?? 0) + count)
  }
}

/** Of the same revision as the one that is to come can be none but its workload's own; which of those are, is seen later. */
function isOfRule(term: PodTerm, { namespace, labels }: Neighbour, isOwn: boolean): boolean {
  return (term.revision !== 'same' || isOwn) && isAbout(term, namespace, labels, undefined) === true
}
