import type { NodeRoom } from './node-room.ts'

type Labels = Readonly<Record<string, string>>

/** The value of a label; undefined: there is no such label. */
export function labelOf(labels: Labels, key: string): string | undefined {
  return Object.hasOwn(labels, key) ? labels[key] : undefined
}

/** How many pods are in each domain: nodes with the same value of a label. */
export class Domains {
  readonly key: string
  readonly #counts: Map<string, number>
  /** Of all of them. */
  #total: number
  /** What the emptiest has; undefined: to be counted anew. */
  #least: number | undefined

  constructor(key: string, from?: Domains) {
    this.key = key
    this.#counts = new Map(from?.counts)
    this.#total = from?.total ?? 0
  }

  /** Those of the domains that these nodes make. */
  static of(key: string, rooms: readonly NodeRoom[], on: ReadonlyMap<string, number>): Domains {
    const domains = new Domains(key)
    for (const { node } of rooms) domains.add(node.labels, on.get(node.name) ?? 0)
    return domains
  }

  get counts(): ReadonlyMap<string, number> {
    return this.#counts
  }

  get size(): number {
    return this.#counts.size
  }

  get total(): number {
    return this.#total
  }

  get least(): number {
    if (this.#least !== undefined) return this.#least
    let least = Number.POSITIVE_INFINITY
    for (const count of this.#counts.values()) least = Math.min(least, count)
    this.#least = least
    return least
  }

  in(domain: string): number {
    return this.#counts.get(domain) ?? 0
  }

  /** On a node that is in no domain, nothing is counted. */
  add(labels: Labels, count: number): void {
    const domain = labelOf(labels, this.key)
    if (domain === undefined) return
    this.#counts.set(domain, this.in(domain) + count)
    this.#total += count
    this.#least = undefined
  }

  copy(): Domains {
    return new Domains(this.key, this)
  }
}
