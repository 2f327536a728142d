import type { NodeFacts } from '../node-health/node.ts'
import { type Domains, labelOf } from './domains.ts'
import type { AloneRule, NeighbourRule, SpreadRule, TogetherRule } from './neighbour-rules.ts'
import type { NodeReason } from './node-reason.ts'

const hostnameLabel = 'kubernetes.io/hostname'

/** Tells by one rule about neighbours which nodes are open, while pods are put on them. */
export interface NeighbourJudge {
  allows(node: NodeFacts): boolean
  /** What keeps one more from a node that it does not allow. */
  whyNot(node: NodeFacts): NodeReason
  /** Why the domain of a node takes no second one of the pods; undefined: it may. */
  whyOneIn(node: NodeFacts): NodeReason | undefined
  /** One of the pods was put there. */
  put(node: NodeFacts): void
  copy(): NeighbourJudge
}

/** Keeps pods out of domains that have some that the rule counts. */
export class ApartJudge implements NeighbourJudge {
  readonly #rule: NeighbourRule
  readonly #domains: Domains

  constructor(rule: NeighbourRule, domains: Domains) {
    this.#rule = rule
    this.#domains = domains
  }

  allows({ labels }: NodeFacts): boolean {
    const domain = labelOf(labels, this.#domains.key)
    return domain === undefined || this.#domains.in(domain) === 0
  }

  whyNot({ labels }: NodeFacts): NodeReason {
    const { key } = this.#domains
    return { code: 'anti-affinity', detail: `anti-affinity: such a pod is in ${key}=${labelOf(labels, key) ?? ''} already` }
  }

  whyOneIn({ labels }: NodeFacts): NodeReason | undefined {
    const { key } = this.#domains
    if (!this.#rule.countsItself || labelOf(labels, key) === undefined) return undefined
    return { code: 'anti-affinity', detail: `anti-affinity: one of them ${key === hostnameLabel ? 'a node' : `for each ${key}`}` }
  }

  put({ labels }: NodeFacts): void {
    if (this.#rule.countsItself) this.#domains.add(labels, 1)
  }

  copy(): ApartJudge {
    return new ApartJudge(this.#rule, this.#domains.copy())
  }
}

/** Keeps pods out of domains where others do not want them. */
export class RepelledJudge implements NeighbourJudge {
  readonly #key: string
  /** By the domain, the name of one of the others. */
  readonly #others: ReadonlyMap<string, string>

  constructor(key: string, others: ReadonlyMap<string, string>) {
    this.#key = key
    this.#others = others
  }

  allows({ labels }: NodeFacts): boolean {
    const domain = labelOf(labels, this.#key)
    return domain === undefined || !this.#others.has(domain)
  }

  whyNot({ labels }: NodeFacts): NodeReason {
    const domain = labelOf(labels, this.#key) ?? ''
    return { code: 'kept-away', detail: `anti-affinity of pod ${this.#others.get(domain) ?? ''}, which keeps such pods out of ${this.#key}=${domain}` }
  }

  whyOneIn(): undefined {
    return undefined
  }

  put(): void {}

  copy(): this {
    return this
  }
}

/** Lets one pod at a time have a claim, wherever it is. */
export class AloneJudge implements NeighbourJudge {
  readonly #rule: AloneRule
  #isUsed: boolean

  constructor(rule: AloneRule, isUsed: boolean) {
    this.#rule = rule
    this.#isUsed = isUsed
  }

  allows(): boolean {
    return !this.#isUsed
  }

  whyNot(): NodeReason {
    return { code: 'volume', detail: `claim ${this.#rule.claim} is for one pod at a time (ReadWriteOncePod), and one uses it` }
  }

  whyOneIn(): NodeReason {
    return { code: 'volume', detail: `claim ${this.#rule.claim} is for one pod at a time (ReadWriteOncePod)` }
  }

  put(): void {
    this.#isUsed = true
  }

  copy(): AloneJudge {
    return new AloneJudge(this.#rule, this.#isUsed)
  }
}

/** Keeps pods where some are that all terms are about; the first of those that count themselves goes anywhere. */
export class TogetherJudge implements NeighbourJudge {
  readonly #rule: TogetherRule
  readonly #domains: readonly Domains[]

  constructor(rule: TogetherRule, domains: readonly Domains[]) {
    this.#rule = rule
    this.#domains = domains
  }

  /** Whether the first of them chooses where all others go. */
  get isOpen(): boolean {
    return this.#rule.countsItself && this.#domains.every(({ total }) => total === 0)
  }

  /** All domains of a node, in one. */
  placeOf({ labels }: NodeFacts): string {
    return JSON.stringify(this.#rule.topologyKeys.map((key) => labelOf(labels, key) ?? null))
  }

  allows({ labels }: NodeFacts): boolean {
    const { isOpen } = this
    return this.#domains.every((domains) => {
      const domain = labelOf(labels, domains.key)
      return domain !== undefined && (isOpen || domains.in(domain) > 0)
    })
  }

  whyNot({ labels }: NodeFacts): NodeReason {
    const missing = this.#rule.topologyKeys.find((key) => labelOf(labels, key) === undefined)
    if (missing !== undefined) return { code: 'affinity', detail: `no label ${missing}, by which its pods are together` }
    if (this.#domains.every(({ total }) => total === 0)) return { code: 'affinity', detail: 'affinity: none of the pods that it is to be with runs anywhere' }
    const places = this.#domains.filter((domains) => domains.in(labelOf(labels, domains.key) ?? '') === 0).map(({ key }) => `${key}=${labelOf(labels, key) ?? ''}`)
    return { code: 'affinity', detail: `affinity: none of the pods that it is to be with is in ${places.join(' or ')}` }
  }

  whyOneIn(): undefined {
    return undefined
  }

  put({ labels }: NodeFacts): void {
    if (this.#rule.countsItself) for (const domains of this.#domains) domains.add(labels, 1)
  }

  copy(): TogetherJudge {
    return new TogetherJudge(this.#rule, this.#domains.map((domains) => domains.copy()))
  }
}

/** Keeps domains from being further ahead of the emptiest than they may be. */
export class SpreadJudge implements NeighbourJudge {
  readonly #rule: SpreadRule
  readonly #domains: Domains
  readonly #isPinned: boolean

  /** @param isPinned each pod can have one node alone, which is then the only domain that counts. */
  constructor(rule: SpreadRule, domains: Domains, isPinned: boolean) {
    this.#rule = rule
    this.#domains = domains
    this.#isPinned = isPinned
  }

  allows({ labels }: NodeFacts): boolean {
    const domain = labelOf(labels, this.#domains.key)
    if (domain === undefined || this.#isPinned) return domain !== undefined
    const { maxSkew, minDomains, countsItself } = this.#rule
    const least = this.#domains.size < minDomains ? 0 : this.#domains.least
    return this.#domains.in(domain) + (countsItself ? 1 : 0) - least <= maxSkew
  }

  whyNot({ labels }: NodeFacts): NodeReason {
    const { key } = this.#domains
    const domain = labelOf(labels, key)
    if (domain === undefined) return { code: 'topology-spread', detail: `no label ${key}, over which its pods are spread` }
    return { code: 'topology-spread', detail: `topology spread: ${key}=${domain} would have more than ${this.#rule.maxSkew} above the least` }
  }

  whyOneIn(): undefined {
    return undefined
  }

  put({ labels }: NodeFacts): void {
    if (this.#rule.countsItself) this.#domains.add(labels, 1)
  }

  copy(): SpreadJudge {
    return new SpreadJudge(this.#rule, this.#domains.copy(), this.#isPinned)
  }
}
