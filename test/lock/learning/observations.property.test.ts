import * as fc from 'fast-check'
import t from 'tap'
import { Observations, stretchMs } from '../../../src/lock/learning/observations.ts'
import { forAll } from '../../support/property.ts'

const periodMs = 250
const cores = 16

/** When a start begins and is ready, in readings, and how many cores it uses in each of them; it ends with that. */
const start = fc
  .record({ at: fc.nat(20), use: fc.array(fc.constantFrom(0, 0, 0.1, 0.5, 1, 2), { minLength: 1, maxLength: 30 }) })
  .map(({ at, use }) => ({ at, use, readyAt: at + use.length }))
const noise = fc.array(fc.constantFrom(0, 0, 0.1, 1, 3), { minLength: 60, maxLength: 60 })

interface Start {
  readonly at: number
  readonly use: readonly number[]
  readonly readyAt: number
}

/** What is said of each that they have cost; all that they use is seen in the readings. */
function observe(starts: readonly Start[], background: readonly number[], workloadOf: (index: number) => string): ReadonlyMap<string, number[]> {
  const observations = new Observations()
  const costs = new Map<string, number[]>()
  for (let reading = 0; reading < background.length; reading++) {
    const now = periodMs * reading
    for (const [index, { at, readyAt }] of starts.entries()) {
      const key = workloadOf(index)
      if (at === reading) observations.granted(`pod-${index}`, { key, name: key }, now)
      if (readyAt === reading) observations.released(`pod-${index}`, 'ready', now)
    }
    const busy = starts.reduce((sum, { at, use }) => sum + (use[reading - at] ?? 0), background[reading] ?? 0)
    for (const { workload, seconds } of observations.read({ cores, idleCores: cores - busy, windowMs: periodMs }, now + periodMs)) {
      costs.set(workload.key, [...(costs.get(workload.key) ?? []), seconds])
    }
  }
  return costs
}

/** CPU-seconds of the busiest stretch of a start. */
function busiestOf(use: readonly number[]): number {
  const length = stretchMs / periodMs
  const sums = use.map((_, from) => use.slice(from, from + length).reduce((sum, each) => sum + each, 0))
  return (Math.max(...sums) * periodMs) / 1_000
}

t.test('what a start is said to have cost is never less than what it used in its busiest stretch, whatever else went on', async (t) => {
  forAll(t, 0.9, fc.tuple(fc.array(start, { minLength: 1, maxLength: 5 }), noise), ([starts, background]) => {
    const costs = observe(starts, background, String)
    for (const [index, { use }] of starts.entries()) {
      const [cost] = costs.get(String(index)) ?? []
      if (cost === undefined) throw new Error(`start ${index} was not observed`)
      if (cost < busiestOf(use) - 1e-9) throw new Error(`${cost} is less than ${busiestOf(use)}`)
    }
    return starts.some(({ use }) => busiestOf(use) > 0)
  })
})

t.test('starts that are alike are said to cost no less each, whenever they begin, and however long after their work they are ready', async (t) => {
  const use = fc.array(fc.constantFrom(0, 0, 0.1, 0.5, 1, 2), { minLength: 1, maxLength: 15 })
  const begins = fc.array(fc.nat(20), { minLength: 1, maxLength: 8 })
  forAll(t, 0.7, fc.tuple(use, begins, fc.nat(12), noise), ([use, begins, idle, background]) => {
    const alike = begins.map((at) => ({ at, use, readyAt: at + use.length + idle }))
    const costs = observe(alike, background, () => 'web').get('web') ?? []
    if (costs.length === 0) throw new Error('none was observed')
    for (const cost of costs) if (cost < busiestOf(use) - 1e-9) throw new Error(`${cost} is less than ${busiestOf(use)}`)
    return begins.length > 1 && busiestOf(use) > 0
  })
})
