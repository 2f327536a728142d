import * as fc from 'fast-check'
import type { PodEvent } from '../../../src/lock/queue/events.ts'
import { defaultQueueSettings, type QueueSettings } from '../../../src/lock/queue/settings.ts'
import type { Wish } from './expected.ts'
import type { LockModel } from './lock-model.ts'
import { gateNames, type LockPair, type Way } from './lock-pair.ts'
import { uids } from './same.ts'

/** Something that may happen to a lock. */
export type LockCommand = fc.AsyncCommand<LockModel, LockPair>

const often = <T>(weight: number, arbitrary: fc.Arbitrary<T>): fc.WeightedArbitrary<T> => ({ weight, arbitrary })

function command(text: string, run: (pair: LockPair) => Promise<void>, check: (model: LockModel) => boolean = () => true): LockCommand {
  return { check, run: (_model, pair) => run(pair), toString: () => text }
}

const peer = fc.constantFrom('127.0.0.1', '127.0.0.1', '127.0.0.2', '127.0.0.3')
const uid = fc.constantFrom(...uids)

const wish: fc.Arbitrary<Wish> = fc
  .record({
    uid: fc.oneof(often(3, uid), often(1, fc.constant(undefined))),
    isNamed: fc.constantFrom(true, true, true, false),
    peer,
    weight: fc.constantFrom(undefined, undefined, undefined, 1, 2, 3, 5_000, 0),
    durationS: fc.constantFrom(undefined, undefined, undefined, 0, 1, 15, 10_000, -1),
    maxWaitS: fc.constantFrom(undefined, undefined, undefined, undefined, 0, 2, 5, 30, 240),
    waitS: fc.constantFrom(undefined, 0, 1, 10, 10, 60, 300),
  })
  .map(({ isNamed, ...said }) => ({ ...said, pod: isNamed ? `shop/${said.uid ?? 'somebody'}` : undefined }))

const ask = fc
  .tuple(wish, fc.constantFrom<Way>('query', 'query', 'headers', 'document'))
  .map(([wished, way]) => command(`ask(${JSON.stringify(wished)}, ${way})`, (pair) => pair.ask(wished, way)))

const vanish = fc.nat(20).map((pick) => command(`vanish(${pick})`, (pair) => pair.vanish(pick), ({ held }) => held.size > 0))

const giveBack = fc
  .tuple(uid, fc.constantFrom('its own', 'its own', 'none', 'another'), peer)
  .map(([whose, named, from]) => {
    const pod = { 'its own': `shop/${whose}`, none: undefined, another: 'shop/another' }[named]
    return command(`giveBack(${whose}, ${named}, ${from})`, (pair) => pair.giveBack(whose, pod, from))
  })

const pod = fc.tuple(uid, fc.constantFrom('started', 'started-blind', 'started-blind', 'started-blind', 'ready', 'ready', 'crashing', 'gone')).map(([whose, what]) => {
  const event = podEvent(what, whose)
  return command(`${what}(${whose})`, async (pair) => {
    pair.model.feed(event)
    pair.lock.service.feed(event)
    await pair.settle()
  })
})

function podEvent(what: 'started' | 'started-blind' | 'ready' | 'crashing' | 'gone', whose: string): PodEvent {
  if (what === 'started' || what === 'started-blind') return { kind: 'started', uid: whose, hasProbes: what === 'started' }
  return { kind: what, uid: whose }
}

const prioritise = fc.tuple(uid, fc.constantFrom(0, 10, 1_000, -5)).map(([whose, priority]) =>
  command(`prioritise(${whose}, ${priority})`, async (pair) => {
    pair.model.priorities.set(whose, priority)
    pair.lock.pods.put(whose, { priority })
  }))

const gate = fc.tuple(fc.constantFrom(...gateNames), fc.constantFrom(true, true, false), fc.constantFrom('', 'no answer')).map(([name, open, reason]) =>
  command(`gate(${name}, ${open ? 'open' : 'closed'}, ${reason})`, async (pair) => {
    pair.model.setGate(name, open, reason)
    pair.lock.service.setGate(name, open, reason)
    await pair.settle()
  }))

const openAll = fc.constant(
  command('openAll()', async (pair) => {
    for (const name of gateNames) {
      pair.model.setGate(name, true, '')
      pair.lock.service.setGate(name, true, '')
    }
    await pair.settle()
  }),
)

const load = fc
  .record({ readings: fc.constantFrom(1, 2, 6), idleCores: fc.constantFrom(1.5, 1.5, 0.8, 0.79), pressure: fc.constantFrom(undefined, 0, 40, 40.1) })
  .map(({ readings, idleCores, pressure }) =>
    command(`load(${readings} times ${idleCores}, ${pressure})`, async (pair) => {
      for (let reading = 0; reading < readings; reading++) {
        if (reading > 0) await pair.advance(250)
        const event = { kind: 'load', idleCores, pressure, windowMs: 250 } as const
        pair.model.feed(event)
        pair.lock.service.feed(event)
      }
      await pair.settle()
    }))

const step = fc
  .constantFrom(1, 99, 250, 999, 1_000, 1_001, 2_000, 5_000, 9_999, 10_000, 60_000)
  .map((ms) => command(`advance(${ms})`, (pair) => pair.advance(ms)))

const toNext = fc.constantFrom(0, 0, 1, -1).map((off) =>
  command(
    `advanceToNext(${off})`,
    (pair) => pair.advance(Math.max(0, (pair.model.clock.nextAt ?? 0) + off - pair.model.clock.now())),
    ({ clock }) => clock.nextAt !== undefined,
  ))

const restart = fc
  .tuple(fc.constantFrom('close' as const, 'crash' as const), fc.constantFrom(0, 100, 3_000, 30_000))
  .map(([how, afterMs]) => command(`restart(${how}, ${afterMs})`, (pair) => pair.restart(how, afterMs)))

/** All that may happen, the usual more often. */
export const lockCommands: fc.Arbitrary<LockCommand>[] = [
  often(8, ask), often(3, toNext), often(2, step), often(2, vanish), often(2, giveBack), often(3, pod), often(2, openAll),
  ...[gate, load, prioritise, restart].map((rare) => often(1, rare)),
].flatMap(({ weight, arbitrary }) => Array.from({ length: weight }, () => arbitrary))

export const lockSettings: fc.Arbitrary<QueueSettings> = fc.record({
  permits: fc.constantFrom(1, 1, 2, 3),
  strict: fc.constantFrom(false, false, true),
  anonymousLeaseMs: fc.constantFrom(10_000, 10_000, 1_000, 0),
  identifiedLeaseMs: fc.constantFrom(120_000, 120_000, 5_000),
  leaseCapMs: fc.constant(3_600_000),
  blindHoldMs: fc.constantFrom(10_000, 1_000, 0),
  gateMaxWaitMs: fc.constantFrom(600_000, 5_000, 0),
  maxWaiting: fc.constantFrom(2_000, 4, 2),
  maxWaitingPerPeer: fc.constantFrom(256, 3, 1),
  idleCores: fc.constant(defaultQueueSettings.idleCores),
  pressureBound: fc.constant(defaultQueueSettings.pressureBound),
})
