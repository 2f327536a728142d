/** Somebody who waits, or whose pods will: what it is called, and what it waits for, as keys of targets. */
export interface Waiting {
  readonly self: readonly string[]
  readonly waitsFor: readonly string[]
}

/**
 * Finds a way from somebody back to itself, by what is known of others.
 *
 * @returns the keys on the way, from what it waits for to what it is itself; undefined: there is none that is known.
 *   The shortest, and of the same length the first in the order in which they are named.
 */
export function findCycle(start: Waiting, known: readonly Waiting[]): readonly string[] | undefined {
  const home = new Set(start.self)
  const ways = new Map<string, readonly string[]>(start.waitsFor.map((key) => [key, [key]]))
  // A Map goes on to what is added while it is gone through: a breadth-first search.
  for (const [key, way] of ways) {
    if (home.has(key)) return way
    for (const { self, waitsFor } of known) {
      if (!self.includes(key)) continue
      for (const next of waitsFor) if (!ways.has(next)) ways.set(next, [...way, next])
    }
  }
  return undefined
}
