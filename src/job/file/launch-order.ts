/** In which order containers are started, as far as there is one. */
export interface LaunchOrder {
  readonly order: readonly string[]
  /** Those that wait for each other, in a circle; each waits for the next one, and the last for the first. */
  readonly cycles: readonly (readonly string[])[]
  /** Those that wait for what never comes: they are in a cycle, or wait for one that is, or for one that is not there. */
  readonly stuck: readonly string[]
}

/** @param waits for each container those that come before it; in the order of the file, which is kept where it can be. */
export function launchOrder(waits: ReadonlyMap<string, readonly string[]>): LaunchOrder {
  const order = new Set<string>()
  for (let before = -1; before < order.size; ) {
    before = order.size
    for (const [name, others] of waits) {
      if (!order.has(name) && others.every((other) => order.has(other))) order.add(name)
    }
  }
  const stuck = [...waits.keys()].filter((name) => !order.has(name))
  return { order: [...order], stuck, cycles: cyclesAmong(waits, new Set(stuck)) }
}

/** Among those that lead to a cycle, follows each to the first that it waits for, until it comes to where it has been. */
function cyclesAmong(waits: ReadonlyMap<string, readonly string[]>, stuck: ReadonlySet<string>): readonly (readonly string[])[] {
  const left = new Set(stuck)
  const next = (name: string): string | undefined => waits.get(name)?.find((other) => left.has(other))
  for (let before = -1; before !== left.size; ) {
    before = left.size
    for (const name of left) if (next(name) === undefined) left.delete(name)
  }
  const cycles: string[][] = []
  const done = new Set<string>()
  for (const start of left) {
    const path: string[] = []
    let at: string | undefined = start
    while (at !== undefined && !done.has(at) && !path.includes(at)) {
      path.push(at)
      at = next(at)
    }
    if (at !== undefined && path.includes(at)) cycles.push(path.slice(path.indexOf(at)))
    for (const name of path) done.add(name)
  }
  return cycles
}
