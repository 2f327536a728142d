import t from 'tap'
import { formatAge } from '../../src/units/age.ts'
import { mapBounded } from '../../src/units/map-bounded.ts'

t.test('ages are written in at most two units', async (t) => {
  for (const [seconds, text] of [
    [0, '0s'], [119.9, '119s'], [120, '2m'], [130, '2m10s'], [3_600, '60m'], [10_800, '3h'], [12_000, '3h20m'],
    [90_000, '25h'], [172_800, '2d'], [176_400, '2d1h'], [1_000_000, '11d'], [-3, '0s'], [Number.NaN, '-'],
  ] as const) t.equal(formatAge(seconds), text)
})

t.test('so many at a time, results in order, and the first failure is told', async (t) => {
  let [now, most] = [0, 0]
  const results = await mapBounded([5, 1, 3, 2, 4], 2, async (value) => {
    most = Math.max(most, ++now)
    for (let turn = 0; turn < value; turn++) await Promise.resolve()
    now--
    return value * 10
  })
  t.same(results, [50, 10, 30, 20, 40])
  t.equal(most, 2)
  t.same(await mapBounded([], 2, async () => 1), [])
  await t.rejects(mapBounded([1, 2, 3], 2, async (value) => { if (value === 2) throw new Error('two') }), { message: 'two' })
})
