import { matchesNode } from '../node-health/node-affinity.ts'
import type { Demand, NeighbourRule, SpreadRule } from './demand.ts'
import { selects } from './label-selector.ts'
import type { NodeReason } from './node-reason.ts'
import type { NodeRoom } from './node-room.ts'

/** The pods that a rule counts, by the name of their node. */
export class NeighbourCount {
  readonly rule: NeighbourRule
  readonly #counts: Map<string, number>

  constructor(rule: NeighbourRule, counts: ReadonlyMap<string, number> = new Map()) {
    this.rule = rule
    this.#counts = new Map(counts)
  }

  /** Whether the rule counts a pod of these labels. */
  counts(namespace: string, labels: Readonly<Record<string, string>>): boolean {
    return this.rule.namespaces.includes(namespace) && selects(this.rule.selector, labels)
  }

  add(node: string, count: number): void {
    this.#counts.set(node, (this.#counts.get(node) ?? 0) + count)
  }

  on(node: string): number {
    return this.#counts.get(node) ?? 0
  }

  copy(): NeighbourCount {
    return new NeighbourCount(this.rule, this.#counts)
  }
}

/** What the neighbours of pods allow, while such pods are put on nodes one after the other. */
export class Neighbours {
  readonly #rules: readonly Rule[]

  /** @param counts in the order of `neighbourRulesOf`. */
  constructor(demand: Demand, counts: readonly NeighbourCount[], rooms: readonly NodeRoom[]) {
    const spreadOver = rooms.filter(({ node }) => matchesNode(demand.choice, node) && demand.spread.every(({ topologyKey }) => domainOf(node.labels, topologyKey) !== undefined))
    const { apart, spread, together } = demand
    this.#rules = [
      ...apart.map((rule, index) => new Rule(rule, 'apart', counts[index], rooms)),
      ...spread.map((rule, index) => new Rule(rule, rule, counts[apart.length + index], spreadOver)),
      ...together.map((rule, index) => new Rule(rule, 'together', counts[apart.length + spread.length + index], rooms)),
    ]
  }

  /** Whether there is anything to be kept to. */
  get isFree(): boolean {
    return this.#rules.length === 0
  }

  /** What keeps one more pod from a node; undefined: nothing. */
  whyNotOn({ node }: NodeRoom): NodeReason | undefined {
    for (const rule of this.#rules) {
      const reason = rule.whyNot(node.labels)
      if (reason !== undefined) return reason
    }
    return undefined
  }

  /** How many such pods the rules let a node have at the most. */
  mostOn({ node }: NodeRoom): number {
    return this.#rules.some((rule) => rule.isOneIn(node.labels)) ? 1 : Number.POSITIVE_INFINITY
  }

  /** A pod was put there. */
  put({ node }: NodeRoom): void {
    for (const rule of this.#rules) rule.put(node.labels)
  }
}

/** One rule, and how many pods that it counts each domain has. */
class Rule {
  readonly #rule: NeighbourRule
  readonly #kind: 'apart' | 'together' | SpreadRule
  readonly #domains = new Map<string, number>()
  /** Of all domains. */
  #total = 0
  /** Of the domains, what the emptiest has; undefined: to be counted anew. */
  #least: number | undefined

  constructor(rule: NeighbourRule, kind: 'apart' | 'together' | SpreadRule, count: NeighbourCount | undefined, rooms: readonly NodeRoom[]) {
    this.#rule = rule
    this.#kind = kind
    for (const { node } of rooms) {
      const domain = domainOf(node.labels, rule.topologyKey)
      if (domain === undefined) continue
      const there = count?.on(node.name) ?? 0
      this.#domains.set(domain, (this.#domains.get(domain) ?? 0) + there)
      this.#total += there
    }
  }

  whyNot(labels: Readonly<Record<string, string>>): NodeReason | undefined {
    const { topologyKey, countsItself } = this.#rule
    const domain = domainOf(labels, topologyKey)
    if (this.#kind === 'apart') {
      if (domain === undefined || (this.#domains.get(domain) ?? 0) === 0) return undefined
      return { code: 'anti-affinity', detail: `anti-affinity: such a pod is in ${topologyKey}=${domain} already` }
    }
    if (this.#kind === 'together') {
      if (domain === undefined) return { code: 'affinity', detail: `no label ${topologyKey}, by which its pods are together` }
      const isFirst = countsItself && this.#total === 0
      return isFirst || (this.#domains.get(domain) ?? 0) > 0 ? undefined : { code: 'affinity', detail: 'affinity: none of the pods that it is to be with is here' }
    }
    if (domain === undefined) return { code: 'topology-spread', detail: `no label ${topologyKey}, over which its pods are spread` }
    const { maxSkew, minDomains } = this.#kind
    this.#least ??= this.#domains.size < minDomains ? 0 : leastOf(this.#domains.values())
    if ((this.#domains.get(domain) ?? 0) + (countsItself ? 1 : 0) - this.#least <= maxSkew) return undefined
    return { code: 'topology-spread', detail: `topology spread: ${topologyKey}=${domain} would have more than ${maxSkew} above the least` }
  }

  /** Whether a domain takes no second one of such pods. */
  isOneIn(labels: Readonly<Record<string, string>>): boolean {
    return this.#kind === 'apart' && this.#rule.countsItself && domainOf(labels, this.#rule.topologyKey) !== undefined
  }

  put(labels: Readonly<Record<string, string>>): void {
    const domain = domainOf(labels, this.#rule.topologyKey)
    if (domain === undefined || !this.#rule.countsItself) return
    this.#domains.set(domain, (this.#domains.get(domain) ?? 0) + 1)
    this.#total++
    this.#least = undefined
  }
}

function leastOf(counts: Iterable<number>): number {
  let least = Number.POSITIVE_INFINITY
  for (const count of counts) least = Math.min(least, count)
  return least
}

function domainOf(labels: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}
