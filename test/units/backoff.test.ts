import { assert, double, nat, property } from 'fast-check'
import t from 'tap'
import { apiBackoff, backoffMs } from '../../src/units/backoff.ts'

t.test('doubles from failure to failure, up to the most', async (t) => {
  const waits = [1, 2, 3, 4, 5, 6, 7, 5_000].map((failures) => backoffMs(failures, apiBackoff, 1))
  t.strictSame(waits, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000, 30_000])
})

t.test('jitters within the upper half', async () => {
  assert(
    property(nat(10_000), double({ min: 0, max: 1, noNaN: true }), (failures, random) => {
      const most = backoffMs(failures, apiBackoff, 1)
      const ms = backoffMs(failures, apiBackoff, random)
      return ms >= most / 2 && ms <= most
    }),
  )
})
