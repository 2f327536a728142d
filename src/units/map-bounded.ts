/** Maps each of them, so many at a time at the most; the results are in the order of the items. Rejects with the first that does. */
export async function mapBounded<T, R>(items: readonly T[], most: number, map: (item: T) => Promise<R>): Promise<readonly R[]> {
  const results: R[] = []
  const rest = items.entries()
  async function work(): Promise<void> {
    // The iterator is shared: each worker takes the next one that nobody has.
    for (const [index, item] of rest) {
      // oxlint-disable-next-line no-await-in-loop -- one after the other
      results[index] = await map(item)
    }
  }
  await Promise.all(Array.from({ length: Math.min(most, items.length) }, work))
  return results
}
