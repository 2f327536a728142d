import * as fc from 'fast-check'
import type { Test } from 'tap'
import type { Decision, DecisionContext } from '../../src/inject/context.ts'
import { decide } from '../../src/inject/decide.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { arbitraryLeftovers, withLeftovers } from './arbitrary-change.ts'
import { arbitraryContext } from './arbitrary-context.ts'
import { arbitraryPod } from './arbitrary-pod.ts'
import { patched } from './injected.ts'

/** How often each property is checked. */
export const runs = Number(process.env['FC_NUM_RUNS'] ?? 300)

/** Checks a property of generated values; `check` tells whether the value was one that the property is about. */
export function forAll<T>(
  t: Test,
  leastShare: number,
  arbitrary: fc.Arbitrary<T>,
  check: (value: T) => boolean,
  numRuns = runs,
): void {
  let exercised = 0
  const property = fc.property(arbitrary, (value) => {
    if (check(value)) exercised++
  })
  fc.assert(property, { numRuns })
  // Too few runs say nothing of shares.
  t.ok(numRuns < 100 || exercised >= numRuns * leastShare, `${exercised} of ${numRuns} runs were about it`)
}

/** A pod, and what became of it. */
export interface Injection {
  readonly pod: JsonObject
  readonly context: DecisionContext
  readonly decision: Decision
  readonly after: JsonObject
}

/** Decides about a pod and applies the patch. */
export function injection([pod, context]: readonly [JsonObject, DecisionContext]): Injection {
  const decision = decide(pod, context)
  return { pod, context, decision, after: patched(pod, decision) }
}

export const podAndContext = fc.tuple(arbitraryPod, arbitraryContext)

/** Checks a property of pods that are injected. */
export function forEveryInjection(t: Test, leastShare: number, check: (run: Injection) => boolean): void {
  forAll(t, leastShare, podAndContext, (value) => {
    const run = injection(value)
    return run.decision.patch.length > 0 && check(run)
  })
}

/** Throws where two values are not the same as JSON. */
export function equal(found: unknown, wanted: unknown, what: string): void {
  const [a, b] = [JSON.stringify(found), JSON.stringify(wanted)]
  if (a !== b) throw new Error(`${what}: found ${a}, wanted ${b}`)
}

/** A second injection, of what came of a first one. */
export interface Again {
  readonly pod: JsonObject
  readonly copied: JsonObject
  readonly context: DecisionContext
  readonly after: JsonObject
}

/** Checks a property of a second injection, of a manifest that lost some of the parts that its status tells of. */
export function forEveryCopy(t: Test, check: (run: Again) => void): void {
  forAll(t, 0.35, fc.tuple(podAndContext, arbitraryLeftovers, fc.constantFrom(true, true, true, false)), ([[pod, context], lost, exec]) => {
    const first = injection([pod, exec ? withExec(context) : context])
    const copied = withLeftovers(first.pod, first.after, lost)
    const { after } = injection([copied, first.context])
    check({ pod: first.pod, copied, context: first.context, after })
    return first.decision.patch.length > 0
  })
}

function withExec(context: DecisionContext): DecisionContext {
  return { ...context, config: { ...context.config, nap: { ...context.config.nap, method: 'exec' } } }
}

/** All objects and arrays in a value, itself included. */
export function partsOf(value: unknown): object[] {
  if (typeof value !== 'object' || value === null) return []
  return [value, ...Object.values(value).flatMap(partsOf)]
}

/** Makes every attempt to change a value throw. */
export function deepFreeze<T>(value: T): T {
  for (const part of partsOf(value)) Object.freeze(part)
  return value
}
