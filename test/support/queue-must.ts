/** Throws where an invariant, by its number at the head of the queue, does not hold. */
export function must(holds: boolean, invariant: number, what: string, found: unknown): asserts holds {
  if (!holds) throw new Error(`invariant ${invariant}: ${what}: ${JSON.stringify(found)}`)
}
