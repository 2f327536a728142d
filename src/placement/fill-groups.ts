import type { FillSite, Filling } from './fill.ts'
import type { Neighbours } from './neighbours.ts'

/** Pods that may be on the same nodes. */
export interface FillGroup<Site> {
  readonly count: number
  readonly mayBeOn: (site: Site) => boolean
}

/**
 * Puts pods on nodes that differ in nothing but the nodes that they may have, one after the other, each where most still fit. Where
 * that is a node that only others may have, those that are there make room: each moves to where the next one was, so that but
 * for the last node no node has more or less than before, and the neighbours have a say about that one alone.
 */
export function fillGroups<Site extends FillSite>(sites: readonly Site[], groups: readonly FillGroup<Site>[], neighbours: Neighbours, target: number): Filling<Site> {
  const state = new Groups(sites, groups)
  const filling = new Map<Site, number>()
  for (let placed = 0; placed < target; placed++) {
    const site = state.putOne((each) => neighbours.allows(each.room))
    if (site === undefined) break
    filling.set(site, (filling.get(site) ?? 0) + 1)
    neighbours.put(site.room)
  }
  return filling
}

/** How many of which group are where. */
class Groups<Site extends FillSite> {
  readonly #sites: readonly Site[]
  readonly #groups: readonly FillGroup<Site>[]
  /** Their indexes; those that may have the fewest sites have the least choice. */
  readonly #narrowestFirst: readonly number[]
  readonly #waiting: number[]
  readonly #left: Map<Site, number>
  /** Of each site, by the index of the group. */
  readonly #there: Map<Site, number[]>

  constructor(sites: readonly Site[], groups: readonly FillGroup<Site>[]) {
    this.#sites = sites
    this.#groups = groups
    const widths = groups.map(({ mayBeOn }) => sites.filter(mayBeOn).length)
    this.#narrowestFirst = [...groups.keys()].toSorted((left, right) => (widths[left] ?? 0) - (widths[right] ?? 0))
    this.#waiting = groups.map(({ count }) => count)
    this.#left = new Map(sites.map((site) => [site, site.left]))
    this.#there = new Map(sites.map((site) => [site, groups.map(() => 0)]))
  }

  /** Puts one that waits; the site that has one more now, or undefined where that cannot be. */
  putOne(isOpen: (site: Site) => boolean): Site | undefined {
    for (const group of this.#narrowestFirst) {
      const site = (this.#waiting[group] ?? 0) > 0 ? this.#putOneOf(group, isOpen) : undefined
      if (site !== undefined) return site
    }
    return undefined
  }

  #putOneOf(waiting: number, isOpen: (site: Site) => boolean): Site | undefined {
    const { siteFrom, groupFrom } = this.#reach(waiting)
    let best: Site | undefined
    for (const site of siteFrom.keys()) if (this.#leftOn(site) > (best === undefined ? 0 : this.#leftOn(best)) && isOpen(site)) best = site
    if (best === undefined) return undefined
    this.#left.set(best, this.#leftOn(best) - 1)
    let site: Site | undefined = best
    while (site !== undefined) {
      const group = siteFrom.get(site) ?? 0
      this.#move(site, group, 1)
      site = groupFrom.get(group)
      if (site === undefined) this.#waiting[group] = (this.#waiting[group] ?? 0) - 1
      else this.#move(site, group, -1)
    }
    return best
  }

  /** Which sites one of a group can have, by which group; and from which site that group would have to go. */
  #reach(waiting: number): { readonly siteFrom: ReadonlyMap<Site, number>; readonly groupFrom: ReadonlyMap<number, Site> } {
    const siteFrom = new Map<Site, number>()
    const groupFrom = new Map<number, Site>()
    const queue = [waiting]
    const seen = new Set(queue)
    for (const group of queue) {
      for (const site of this.#sites) {
        if (siteFrom.has(site) || this.#groups[group]?.mayBeOn(site) !== true) continue
        siteFrom.set(site, group)
        for (const [other, count] of (this.#there.get(site) ?? []).entries()) {
          if (count === 0 || seen.has(other)) continue
          seen.add(other)
          groupFrom.set(other, site)
          queue.push(other)
        }
      }
    }
    return { siteFrom, groupFrom }
  }

  #leftOn(site: Site): number {
    return this.#left.get(site) ?? 0
  }

  #move(site: Site, group: number, count: number): void {
    const there = this.#there.get(site)
    if (there !== undefined) there[group] = (there[group] ?? 0) + count
  }
}
