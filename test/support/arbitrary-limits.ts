import * as fc from 'fast-check'
import type { Nano } from '../../src/units/quantity.ts'
import type { LimitRangeItem } from './limit-range.ts'
import { allContainers } from './pod-reader.ts'
import { type Amounts, effectiveLimits, effectiveRequests, limitsOf, requestsOf } from './qos.ts'
import { quantity } from './quantity.ts'

/** One bound of a LimitRange: of the pod's own values, so that it admits the pod where it can, or any. */
interface Bound {
  readonly kind: 'min' | 'max' | 'maxLimitRequestRatio'
  readonly resource: 'cpu' | 'memory' | 'ephemeral-storage'
  readonly value: 'own' | Nano
}

/** What a LimitRange is made of, once there is a pod. */
export interface LimitsRecipe {
  readonly type: LimitRangeItem['type']
  readonly bounds: readonly Bound[]
}

const bound: fc.Arbitrary<Bound> = fc.record({
  kind: fc.constantFrom('min', 'max', 'maxLimitRequestRatio'),
  resource: fc.constantFrom('cpu', 'cpu', 'memory', 'memory', 'ephemeral-storage'),
  value: fc.oneof(
    { weight: 5, arbitrary: fc.constant('own' as const) },
    { weight: 1, arbitrary: fc.constantFrom('1m', '100m', '1', '2', '32Mi', '512Mi', '2Gi').map(quantity) },
  ),
})

export const arbitraryLimits: fc.Arbitrary<readonly LimitsRecipe[]> = fc.array(
  fc.record({ type: fc.constantFrom('Container', 'Container', 'Pod'), bounds: fc.array(bound, { minLength: 1, maxLength: 4 }) }),
  { minLength: 1, maxLength: 2 },
)

/** The LimitRange of a recipe for a pod. */
export function limitsFor(pod: unknown, recipes: readonly LimitsRecipe[]): LimitRangeItem[] {
  return recipes.map(({ type, bounds }) => {
    const item: Record<Bound['kind'], Record<string, string>> = { min: {}, max: {}, maxLimitRequestRatio: {} }
    const holders = type === 'Pod' ? [ofPod(pod)] : allContainers(pod).map((container) => ofContainer(container))
    for (const { kind, resource, value } of bounds) {
      const own = holders.map((holder) => ownValue(holder, kind, resource))
      const amount = value === 'own' ? extreme(own, kind) : value
      if (amount !== undefined) item[kind][resource] = `${amount}n`
    }
    return { type, ...item }
  })
}

interface Holder {
  readonly requests: Amounts
  readonly limits: Amounts
}

function ofPod(pod: unknown): Holder {
  return { requests: effectiveRequests(pod), limits: effectiveLimits(pod) }
}

function ofContainer(container: Parameters<typeof requestsOf>[0]): Holder {
  return { requests: requestsOf(container), limits: limitsOf(container) }
}

function ownValue({ requests, limits }: Holder, kind: Bound['kind'], resource: string): Nano | undefined {
  const request = requests.get(resource)
  const limit = limits.get(resource)
  if (kind === 'min') return request
  if (kind === 'max') return limit
  if (request === undefined || limit === undefined || request === 0n) return undefined
  return (limit * quantity(1) + request - 1n) / request
}

/** The tightest bound that admits them all; undefined where one of them has no value, which none would admit. */
function extreme(values: readonly (Nano | undefined)[], kind: Bound['kind']): Nano | undefined {
  let found: Nano | undefined
  for (const value of values) {
    if (value === undefined) return undefined
    if (found === undefined || (kind === 'min' ? value < found : value > found)) found = value
  }
  return found
}
