import * as fc from 'fast-check'
import t from 'tap'
import { closeAfterMs, PressureGate, settleMs } from '../../../src/lock/gates/pressure-gate.ts'

/** A stretch of time in which pressure is about the same, and somebody has a turn or nobody. */
const stretch = fc.record({
  pressure: fc.constantFrom<number | undefined>(0, 20, 39, 41, 79, 81, 100, 100, 100, undefined),
  quarters: fc.constantFrom(1, 4, 12, 40, 41, 120, 130),
  held: fc.boolean(),
  everyMs: fc.constantFrom(250, 250, 250, 1_900),
  sleepMs: fc.constantFrom(0, 0, 0, 700, 30_000),
})

t.test('never closes by pressure of a time in which somebody had a turn, or had one shortly before, nor by time before it opened', async (t) => {
  let closings = 0
  fc.assert(
    fc.property(fc.array(stretch, { minLength: 5, maxLength: 40, size: 'max' }), fc.boolean(), (stretches, isHeld) => {
      const gate = new PressureGate({ close: 80, open: 40 }, isHeld)
      let [now, turnAt, openedAt, held] = [0, isHeld ? 0 : -Infinity, -Infinity, isHeld]
      let { open } = gate.verdict(0)
      for (const each of stretches) {
        now += each.sleepMs
        if (each.held !== held) open = gate.apply({ kind: 'turns', held: each.held, isUp: true }, now).open
        if (held || each.held) turnAt = now
        held = each.held
        for (let reading = 0; reading < each.quarters; reading++) {
          now += each.everyMs
          if (held) turnAt = now
          const before = open
          open = gate.apply({ kind: 'reading', pressure: each.pressure, windowMs: each.everyMs }, now).open
          if (each.pressure === undefined && !open) throw new Error('closed by what is not known')
          if (!before && open) openedAt = now
          if (!before || open) continue
          closings++
          if (now - turnAt < settleMs + closeAfterMs) throw new Error(`closed ${now - turnAt} ms after a turn`)
          if (now - openedAt < closeAfterMs) throw new Error(`closed ${now - openedAt} ms after it opened`)
        }
      }
    }),
    { numRuns: 300 },
  )
  t.ok(closings > 100, `it was closed ${closings} times`)
})
