import * as fc from 'fast-check'
import t from 'tap'
import { idleCoreAt, readLoad, type Unseen, unknownLoad } from '../../../src/lock/queue/load.ts'
import { defaultQueueSettings, idleForMs, loadStaleMs } from '../../../src/lock/queue/settings.ts'
import type { LoadState } from '../../../src/lock/queue/state.ts'
import { arbitraryHistory, type Happening, type History } from '../../support/arbitrary-history.ts'
import { equal, forAll } from '../../support/property.ts'
import { QueueRun } from '../../support/queue-run.ts'

const now = 10_000
const settings = defaultQueueSettings

/** Readings up to now, and who was granted lately. */
const moment = fc.record({
  readings: fc.array(fc.record({ idleCores: fc.constantFrom(0, 0.79, 0.8, 1, 1.6, 1.9, 2.4, 4, 15.5), pressure: fc.constantFrom(undefined, 0, 60) }), { minLength: 1, maxLength: 8 }),
  unseen: fc.array(fc.record({ until: fc.integer({ min: now - 100, max: now + 1_500 }), reserve: fc.constantFrom(0.2, 0.25, 0.5, 0.99, 1) }), { maxLength: 8 }),
  reserve: fc.constantFrom(0.2, 0.3, 0.75, 1),
})

function loadOf(readings: readonly { readonly idleCores: number; readonly pressure: number | undefined }[]): LoadState {
  return readings.reduce<LoadState>(
    (load, reading, index) => readLoad(load, { kind: 'load', ...reading, windowMs: 250 }, now - 250 * (readings.length - 1 - index), settings),
    unknownLoad,
  )
}

/** The rule before anything was learned: a core for each lease that is young, and one for the next. */
function oneCoreEach(load: LoadState, unseenUntil: readonly number[]): number | undefined {
  if ((load.idle.at(-1)?.cores ?? 0) < settings.idleCores) return undefined
  const changes = [now, ...load.idle.map(({ since }) => since + idleForMs), ...unseenUntil]
  return changes.filter((at) => at >= now && load.at !== undefined && at - load.at <= loadStaleMs).toSorted((a, b) => a - b).find((at) => {
    const cores = load.idle.findLast(({ since }) => since + idleForMs <= at)?.cores ?? 0
    return cores >= settings.idleCores * (1 + unseenUntil.filter((until) => until > at).length)
  })
}

t.test('where nothing is known the rule is the one of before', async (t) => {
  forAll(t, 0.2, moment, ({ readings, unseen }) => {
    const load = loadOf(readings)
    const found = idleCoreAt(load, unseen.map(({ until }) => ({ until, reserve: 1 })), 1, now, settings)
    equal(found, oneCoreEach(load, unseen.map(({ until }) => until)), 'when')
    return found !== undefined
  }, 1_000)
})

t.test('what is known lets nobody wait for longer, and takes no more than is idle', async (t) => {
  forAll(t, 0.2, moment, ({ readings, unseen, reserve }) => {
    const load = loadOf(readings)
    const at = idleCoreAt(load, unseen, reserve, now, settings)
    const before = oneCoreEach(load, unseen.map(({ until }) => until))
    if ((at ?? Infinity) > (before ?? Infinity)) throw new Error(`at ${at}, and ${before} where nothing is known`)
    if (at === undefined) return false
    const lasting = readings.filter((_, index) => now - 250 * (readings.length - index) + 250 > at - idleForMs)
    const idle = Math.min(...lasting.map(({ idleCores, pressure = 0 }) => (pressure > settings.pressureBound ? 0 : idleCores)))
    if (sumOf(unseen, at) + reserve > idle / settings.idleCores + 1e-9) throw new Error(`${sumOf(unseen, at)} and ${reserve} of ${idle} cores at ${at}`)
    return true
  }, 1_000)
})

function sumOf(unseen: readonly Unseen[], at: number): number {
  return unseen.reduce((sum, each) => (each.until > at ? sum + each.reserve : sum), 0)
}

t.test('a history in which nothing is known is decided as one in which all are said to take a core', async (t) => {
  forAll(t, 0.1, arbitraryHistory, (history) => {
    const [unknown, whole] = [undefined, 1].map((reserve) => QueueRun.of(mapped(history, reserve)))
    equal(unknown?.applied, whole?.applied.map((each) => ({ ...each, event: withoutReserve(each.event) })), 'decisions')
    return unknown?.decisions.some((decision) => decision.kind === 'granted' && decision.lease.grant === 'idle-core') === true
  })
})

function mapped(history: History, reserve: number | undefined): History {
  const steps = history.steps.flatMap(({ afterMs, happening }) => {
    const changed: Happening = happening.kind === 'request' ? { ...happening, reserve } : happening
    return [{ afterMs, happening: changed.kind === 'learned' ? ({ kind: 'tick' } as const) : changed }]
  })
  return { ...history, steps }
}

function withoutReserve(event: object): object {
  return 'reserve' in event ? { ...event, reserve: undefined } : event
}

t.test('whatever is known, only the first in the queue is granted for an idle core', async (t) => {
  forAll(t, 0.15, arbitraryHistory, (history) => {
    // The run checks each grant against the order of all who wait.
    const { decisions } = QueueRun.of({ ...history, settings: { ...history.settings, permits: 1, strict: false } })
    return decisions.some((decision) => decision.kind === 'granted' && decision.lease.grant === 'idle-core' && decision.lease.reserve < 1)
  })
})
