import * as fc from 'fast-check'
import { defaultConfig } from '../../src/config/defaults.ts'
import type { DecisionContext, InjectConfig } from '../../src/inject/context.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { arbitraryNamespaceAnnotations } from './arbitrary-annotations.ts'

const config: fc.Arbitrary<InjectConfig> = fc
  .record({
    napEnabled: fc.constantFrom(true, true, true, true, false),
    napSeconds: fc.constantFrom(10, 10, 1, 15, 300),
    method: fc.constantFrom('auto' as const, 'auto' as const, 'native' as const, 'exec' as const),
    lockEnabled: fc.constantFrom(true, true, true, true, false),
    position: fc.constantFrom('first' as const, 'first' as const, 'last' as const),
    runtimeClasses: fc.constantFrom<readonly string[]>([], ['gvisor']),
    token: fc.boolean(),
  })
  .map(({ napEnabled, napSeconds, method, lockEnabled, position, runtimeClasses, token }) => ({
    ...defaultConfig,
    nap: { enabled: napEnabled, seconds: napSeconds, method },
    lock: { ...defaultConfig.lock, enabled: lockEnabled, position, runtimeClasses, token },
  }))

const labels: fc.Arbitrary<JsonObject | undefined> = fc.constantFrom<(JsonObject | undefined)[]>(
  undefined,
  ...Array.from({ length: 12 }, () => ({ 'usher.dev/inject': 'enabled' })),
  { 'usher.dev/inject': 'enabled', 'istio-injection': 'enabled' },
  { 'usher.dev/inject': 'enabled', 'istio.io/rev': '1-26' },
  { 'usher.dev/inject': 'audit' },
  { 'usher.dev/inject': 'disabled' },
  { 'usher.dev/inject': 'maybe' },
  {},
)

/** What a decision can depend on beside the pod; in most of them a pod is injected. */
export const arbitraryContext: fc.Arbitrary<DecisionContext> = fc.record(
  {
    config: fc.oneof({ weight: 1, arbitrary: fc.constant(defaultConfig) }, { weight: 2, arbitrary: config }),
    namespace: fc.record({
      name: fc.constantFrom(...Array.from({ length: 36 }, () => 'shop'), '', 'kube-system', 'usher-system'),
      labels,
      annotations: fc.oneof(fc.constantFrom(undefined, {}), arbitraryNamespaceAnnotations),
    }),
    kubeVersion: fc.oneof(
      { weight: 20, arbitrary: fc.integer({ min: 28, max: 37 }).map((minor) => ({ major: 1, minor })) },
      { weight: 1, arbitrary: fc.constant(undefined) },
    ),
    lockAvailable: fc.constantFrom(...Array.from({ length: 11 }, () => true), false),
  },
  { noNullPrototype: true },
)
