import { nowMs } from '../support/clock.ts'
import { median } from '../support/figures.ts'
import type { ApiConnection } from './api-connection.ts'

/** One way to create the pod. */
export interface Variant {
  readonly name: VariantName
  readonly request: Buffer
  /** Whether the answers have what is added. */
  readonly isChanged: boolean
}

/** Nothing, policies, webhooks. */
export type VariantName = 'none' | 'apply' | 'apply-all' | 'json-patch' | 'usher' | 'floor'

/** One round: of each variant, the median latency in ms. */
export type Round = Readonly<Record<VariantName, number>>

/** How much is measured. */
export interface Plan {
  readonly rounds: number
  /** Of each variant and round, all connections together. */
  readonly requests: number
}

// A round goes through all variants so often, so that what else the machine does hits all of them.
const turns = 10
const mark = Buffer.from('"usher-lock"')

/** Measures all variants by turns, on these connections. */
export async function measureRounds(
  variants: readonly Variant[],
  connections: readonly ApiConnection[],
  { rounds, requests }: Plan,
  signal: AbortSignal,
  done: (round: Round) => void,
): Promise<readonly Round[]> {
  const all: Round[] = []
  for (let index = 0; index <= rounds; index++) {
    const latencies = new Map(variants.map(({ name }) => [name, [] as number[]]))
    for (let turn = 0; turn < turns; turn++) {
      const first = (index * turns + turn) % variants.length
      for (const variant of [...variants.slice(first), ...variants.slice(0, first)]) {
        signal.throwIfAborted()
        latencies.get(variant.name)?.push(...(await create(variant, connections, Math.ceil(requests / turns))))
      }
    }
    const p50 = (name: VariantName): number => median(latencies.get(name) ?? [])
    const round: Round = { none: p50('none'), apply: p50('apply'), 'apply-all': p50('apply-all'), 'json-patch': p50('json-patch'), usher: p50('usher'), floor: p50('floor') }
    // The first warms everything up.
    if (index === 0) continue
    all.push(round)
    done(round)
  }
  return all
}

/** Creates so many pods, each connection one after the other; every answer's status is checked, and whether it has the lock. */
async function create(variant: Variant, connections: readonly ApiConnection[], count: number): Promise<readonly number[]> {
  const latencies: number[] = []
  let left = count
  async function go(connection: ApiConnection): Promise<void> {
    while (left-- > 0) {
      const start = nowMs()
      const { status, received } = await connection.ask(variant.request)
      latencies.push(nowMs() - start)
      if (status !== 201) throw new Error(`${variant.name}: answered with ${status}: ${received.toString()}`)
      if (received.includes(mark) !== variant.isChanged) throw new Error(`${variant.name}: not what was to come: ${received.toString()}`)
    }
  }
  await Promise.all(connections.map(go))
  return latencies
}
