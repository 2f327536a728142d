import { isObject } from '../units/json.ts'
import { milliOf, type Nano, parseQuantity, unitsOf } from '../units/quantity.ts'

/** Exact amounts by the name of their resource, as containers and nodes have them. */
export type ExactAmounts = ReadonlyMap<string, Nano>

/**
 * Amounts by the name of their resource, as the scheduler counts them: whole, of `cpu` in thousandths of a core, of all else
 * in bytes or pieces.
 */
export type Amounts = ReadonlyMap<string, number>

// The quantities of a cluster repeat: 30,000 pods have a few hundred of them.
const known = new Map<string, Nano | undefined>()
const mostKnown = 10_000

/** Reads a resource list (`v1.ResourceList`); what is no quantity is left out. */
export function readExact(list: unknown): Map<string, Nano> {
  const amounts = new Map<string, Nano>()
  if (!isObject(list)) return amounts
  for (const name of Object.keys(list)) {
    const value = list[name]
    const amount = typeof value === 'string' ? recall(value) : parseQuantity(value)
    if (amount !== undefined) amounts.set(name, amount)
  }
  return amounts
}

function recall(text: string): Nano | undefined {
  if (known.has(text)) return known.get(text)
  const amount = parseQuantity(text)
  if (known.size < mostKnown) known.set(text, amount)
  return amount
}

/** As the scheduler counts them. */
export function asCounted(exact: ExactAmounts): Amounts {
  return new Map([...exact].map(([name, amount]) => [name, name === 'cpu' ? milliOf(amount) : unitsOf(amount)]))
}

/** Adds to `sum` what there is of each resource. */
export function addExact(sum: Map<string, Nano>, more: ExactAmounts): void {
  for (const [name, amount] of more) sum.set(name, (sum.get(name) ?? 0n) + amount)
}

/** Raises what is in `most` to what there is of each resource. */
export function raiseExact(most: Map<string, Nano>, other: ExactAmounts): void {
  for (const [name, amount] of other) {
    const before = most.get(name)
    if (before === undefined || amount > before) most.set(name, amount)
  }
}
