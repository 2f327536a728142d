import * as fc from 'fast-check'
import type { Starter } from './starter.ts'

/** A node, what starts on it, and what else it has to do. */
export interface SimulatedNode {
  readonly cores: number
  readonly psi: boolean
  readonly seed: number
  readonly starters: readonly Starter[]
  /** Cores that something else wants, one after the other. */
  readonly other: readonly { readonly seconds: number; readonly cores: number }[]
}

const starter = fc.record({
  createdAt: fc.constantFrom(0, 0, 0, 0.5, 5, 12),
  workS: fc.constantFrom(0.1, 0.2, 1, 4, 8),
  cores: fc.constantFrom(0.3, 1, 1, 1, 2, 3),
  idleS: fc.constantFrom(0, 0, 0, 2, 20),
})

/** Any node. */
export const arbitraryNode: fc.Arbitrary<SimulatedNode> = fc.record({
  cores: fc.constantFrom(1, 2, 2, 4, 8, 16),
  psi: fc.boolean(),
  seed: fc.integer(),
  starters: fc.array(starter, { minLength: 1, maxLength: 20, size: 'max' }).map((all) => all.map((each, index) => ({ ...each, name: `pod-${index}` }))),
  other: fc.array(fc.record({ seconds: fc.constantFrom(0.3, 1, 5, 30), cores: fc.constantFrom(0, 0, 0.5, 1, 3, 40) }), { maxLength: 8 }),
})

/** What something else wants at a time, in seconds; nothing after all that was said. */
export function otherAt({ other }: SimulatedNode): (at: number) => number {
  return (at) => {
    let end = 0
    return other.find(({ seconds }) => (end += seconds) > at)?.cores ?? 0
  }
}

/** So many starters that are like each other. */
export function alike(count: number, of: Partial<Starter> = {}): readonly Starter[] {
  return Array.from({ length: count }, (_, index) => ({ name: `pod-${index}`, createdAt: 5, workS: 8, cores: 1, idleS: 0, ...of }))
}
