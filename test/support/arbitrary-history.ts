import * as fc from 'fast-check'
import type { LoadEvent, RequestEvent } from '../../src/lock/queue/events.ts'
import { defaultQueueSettings, type QueueSettings } from '../../src/lock/queue/settings.ts'

/** Whom a step is about: one of those who have something at that moment, who ever had, or somebody never heard of. */
export interface Target {
  readonly of: 'leases' | 'waiting' | 'ever' | 'never'
  readonly pick: number
}

/** Something that happens to the queue; whom it is about is found out when it happens. */
export type Happening =
  | RequestEvent
  | { readonly kind: 'left' | 'delivered' | 'given-back'; readonly target: Target }
  | { readonly kind: 'pod'; readonly event: 'started' | 'started-blind' | 'ready' | 'crashing' | 'gone'; readonly target: Target }
  | { readonly kind: 'gate'; readonly name: string; readonly open: boolean; readonly reason: string }
  /** Readings one after the other. */
  | (LoadEvent & { readonly readings: number; readonly everyMs: number })
  | { readonly kind: 'learned'; readonly target: Target; readonly reserve: number }
  | { readonly kind: 'tick' }

export interface Step {
  /** Milliseconds after the step before; negative where the clock seems to go back. */
  readonly afterMs: number
  readonly happening: Happening
}

/** What happens to one queue. */
export interface History {
  readonly settings: QueueSettings
  readonly start: number
  /** Whether it is ticked at each `nextChangeAt()` between the steps, as the service does. */
  readonly isTicked: boolean
  readonly steps: readonly Step[]
}

const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.WeightedArbitrary<T> => ({ weight, arbitrary })

const settings: fc.Arbitrary<QueueSettings> = fc.record({
  permits: fc.integer({ min: 1, max: 4 }),
  strict: fc.constantFrom(false, false, true),
  anonymousLeaseMs: fc.constantFrom(10_000, 10_000, 1_000, 0),
  identifiedLeaseMs: fc.constantFrom(120_000, 120_000, 5_000, 7_200_000),
  leaseCapMs: fc.constantFrom(3_600_000, 3_600_000, 60_000),
  blindHoldMs: fc.constantFrom(10_000, 1_000, 0),
  gateMaxWaitMs: fc.constantFrom(600_000, 5_000, 0),
  maxWaiting: fc.constantFrom(2_000, 6, 2),
  maxWaitingPerPeer: fc.constantFrom(256, 3, 1),
  idleCores: fc.constant(defaultQueueSettings.idleCores),
  pressureBound: fc.constant(defaultQueueSettings.pressureBound),
})

const uids = ['a', 'b', 'c', 'd', 'e', 'f', 'g']

const request: fc.Arbitrary<Happening> = fc.record({
  kind: fc.constant('request' as const),
  uid: fc.oneof(often(3, fc.constantFrom(...uids)), often(1, fc.constant(undefined))),
  pod: fc.constantFrom('shop/cart-0', undefined),
  peer: fc.constantFrom('10.0.0.1', '10.0.0.1', '10.0.0.2', '10.0.0.3'),
  stale: fc.constantFrom(undefined, 'of-before'),
  weight: fc.constantFrom(1, 1, 1, 1, 2, 3, 5, 5_000, 0),
  priority: fc.constantFrom(0, 0, 0, 10, 1_000, -5),
  reserve: fc.constantFrom(undefined, undefined, undefined, 0.25, 0.35, 0.7, 0, 2),
  leaseMs: fc.constantFrom(undefined, undefined, undefined, 0, 700, 15_000, 10_000_000, -1),
  leftMs: fc.constantFrom(undefined, undefined, undefined, undefined, 240_000, 30_000, 5_000, 2_500, 500, 0, -5),
  waits: fc.constantFrom(true, true, true, false),
})

const target: fc.Arbitrary<Target> = fc.record({
  of: fc.constantFrom('leases', 'leases', 'waiting', 'waiting', 'ever', 'never'),
  pick: fc.nat(20),
})

const client: fc.Arbitrary<Happening> = fc.record({
  kind: fc.constantFrom('left', 'delivered', 'delivered', 'given-back'),
  target,
})

const pod: fc.Arbitrary<Happening> = fc.record({
  kind: fc.constant('pod' as const),
  event: fc.constantFrom('started', 'started-blind', 'ready', 'crashing', 'gone'),
  target,
})

const gate: fc.Arbitrary<Happening> = fc.record({
  kind: fc.constant('gate' as const),
  name: fc.constantFrom('dns', 'registry'),
  open: fc.constantFrom(true, true, false),
  reason: fc.constantFrom('', 'no answer'),
})

const load: fc.Arbitrary<Happening> = fc.record({
  kind: fc.constant('load' as const),
  readings: fc.constantFrom(1, 1, 2, 6, 12),
  everyMs: fc.constantFrom(250, 250, 500, 1_500, 1_501),
  idleCores: fc.constantFrom(1.5, 1.5, 0.8, 0.79, 0, 2.3, 15),
  pressure: fc.constantFrom(undefined, 0, 40, 40.1, 90),
  windowMs: fc.constantFrom(250, 250, 500, 1_000, 5_000, 0, -1),
})

const learned: fc.Arbitrary<Happening> = fc.record({
  kind: fc.constant('learned' as const),
  target,
  reserve: fc.constantFrom(0.25, 0.35, 1),
})

const happening: fc.Arbitrary<Happening> = fc.oneof(
  often(8, request),
  often(5, client),
  often(3, pod),
  often(1, gate),
  often(3, load),
  often(1, learned),
  often(3, fc.constant({ kind: 'tick' as const })),
)

const afterMs: fc.Arbitrary<number> = fc.oneof(
  often(6, fc.constantFrom(0, 0, 0, 1, 250)),
  often(4, fc.constantFrom(500, 999, 1_000, 1_001, 2_000)),
  often(2, fc.constantFrom(5_000, 9_999, 10_000, 20_000)),
  often(1, fc.constantFrom(59_000, 60_000, 200_000, -700)),
)

/** Anything that may happen to a queue. */
export const arbitraryHistory: fc.Arbitrary<History> = fc.record({
  settings,
  start: fc.constantFrom(0, 5_000_000),
  isTicked: fc.boolean(),
  steps: fc.array(fc.record({ afterMs, happening }), { minLength: 1, maxLength: 60, size: 'max' }),
})
