import { runLoad } from './load-process.ts'
import type { HeapReport } from '../../support/report-heap.ts'
import type { ServerProcess } from './server-process.ts'

/** What usher uses after so many reviews, garbage collected. */
export interface MemoryPoint extends HeapReport {
  readonly reviews: number
}

/** How many reviews come before the first and the second look. */
export interface MemoryPlan {
  readonly first: number
  readonly second: number
  readonly connections: number
}

/** Looks at the memory of a server that has just started, after some reviews, and after many. */
export async function measureMemory(
  server: ServerProcess,
  { first, second, connections }: MemoryPlan,
  say: (line: string) => void,
  signal: AbortSignal,
): Promise<readonly [MemoryPoint, MemoryPoint, MemoryPoint]> {
  const atStart = { reviews: 0, ...(await server.heap()) }
  say(`memory: ${count(first)} reviews`)
  await runLoad([server], { connections, count: first }, signal)
  const early = { reviews: first, ...(await server.heap()) }
  say(`memory: ${count(second - first)} more`)
  await runLoad([server], { connections, count: second - first }, signal)
  const late = { reviews: second, ...(await server.heap()) }
  return [atStart, early, late]
}

function count(reviews: number): string {
  return reviews.toLocaleString('en')
}
