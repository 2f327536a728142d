import leven from 'leven'

/** The candidate that was probably meant. */
export function closest(word: string, candidates: readonly string[]): string | undefined {
  const [nearest] = candidates
    .map((candidate) => ({ candidate, distance: leven(word, candidate) }))
    .toSorted((left, right) => left.distance - right.distance)
  return nearest !== undefined && nearest.distance <= Math.max(2, word.length / 3) ? nearest.candidate : undefined
}
