import { type FillGroup, fillGroups } from './fill-groups.ts'
import type { Neighbours } from './neighbours.ts'
import type { NodeRoom } from './node-room.ts'

/** A node that may have pods, as far as the pods themselves go. */
export interface FillSite {
  readonly room: NodeRoom
  /** How many more there is room for, whatever the neighbours. */
  readonly left: number
}

/** How many pods each site has got. */
export type Filling<Site> = ReadonlyMap<Site, number>

/**
 * Puts pods on nodes, one after the other, each where most of them still fit. Where the first of them chooses for all others
 * (required affinity to themselves), each choice is tried, until one takes as many as any could. As the pods are alike, as
 * many are put as can be: no other order finds room for more, but where several rules about neighbours cross each other.
 *
 * @param groups of pods that may have different nodes; of less than two, the sites are those that all may have.
 */
export function fill<Site extends FillSite>(sites: readonly Site[], groups: readonly FillGroup<Site>[], neighbours: Neighbours, target: number): Filling<Site> {
  let best: Filling<Site> = new Map()
  let most = 0
  for (const { chosen, room } of choicesIn(sites, neighbours)) {
    if (most >= Math.min(target, room)) break
    const filling = groups.length > 1 ? fillGroups(chosen, groups, neighbours.copy(), target) : fillOne(chosen, neighbours.copy(), target)
    const placed = sumOf(filling.values())
    if (placed > most) [best, most] = [filling, placed]
  }
  return best
}

/** Nodes among which all pods are. */
interface Choice<Site> {
  readonly chosen: readonly Site[]
  /** For how many there is room, whatever the neighbours. */
  readonly room: number
}

/** Those with the most room first. */
function choicesIn<Site extends FillSite>(sites: readonly Site[], neighbours: Neighbours): readonly Choice<Site>[] {
  const byPlace = Map.groupBy(sites, ({ room }) => neighbours.placeOf(room))
  return [...byPlace.values()].map((chosen) => ({ chosen, room: sumOf(chosen.map(({ left }) => left)) })).toSorted((left, right) => right.room - left.room)
}

function fillOne<Site extends FillSite>(sites: readonly Site[], neighbours: Neighbours, target: number): Filling<Site> {
  const filling = new Map<Site, number>()
  const left = sites.map((site) => site.left)
  for (let placed = 0; placed < target; placed++) {
    const index = roomiestOf(sites, left, neighbours)
    const site = sites[index]
    if (site === undefined) break
    left[index] = (left[index] ?? 0) - 1
    filling.set(site, (filling.get(site) ?? 0) + 1)
    neighbours.put(site.room)
  }
  return filling
}

/** Its index; -1: none takes one more. */
function roomiestOf(sites: readonly FillSite[], left: readonly number[], neighbours: Neighbours): number {
  let best = -1
  let most = 0
  for (const [index, { room }] of sites.entries()) {
    const there = left[index] ?? 0
    if (there > most && neighbours.allows(room)) [best, most] = [index, there]
  }
  return best
}

function sumOf(numbers: Iterable<number>): number {
  let sum = 0
  for (const each of numbers) sum += each
  return sum
}
