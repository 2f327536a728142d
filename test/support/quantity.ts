import { type Nano, parseQuantity } from '../../src/units/quantity.ts'

/** As `parseQuantity`, for a value that must be one. */
export function quantity(value: unknown): Nano {
  const parsed = parseQuantity(value)
  if (parsed === undefined) throw new TypeError(`not a quantity: ${JSON.stringify(value)}`)
  return parsed
}

/** Negative, zero or positive, as for a sort. */
export function compareQuantities(a: unknown, b: unknown): number {
  const difference = quantity(a) - quantity(b)
  if (difference === 0n) return 0
  return difference < 0n ? -1 : 1
}
