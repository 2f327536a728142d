import t from 'tap'
import { formatSeconds, parseDuration, parseSeconds } from '../../src/units/duration.ts'

t.test('reads durations as Kubernetes users write them', async (t) => {
  t.equal(parseDuration('90s'), 90_000)
  t.equal(parseDuration('5m'), 300_000)
  t.equal(parseDuration('1h30m'), 5_400_000)
  t.equal(parseDuration('1.5s'), 1_500)
  t.equal(parseDuration('250ms'), 250)
  t.equal(parseDuration('0s'), 0)
})

t.test('takes nothing else for a duration', async (t) => {
  for (const text of ['', '15', '-5s', '+5s', 's', '5 s', ' 5s', '5s ', 'NaN', '1e3s', '５s', '5d', '.5s', 'Infinity']) {
    t.equal(parseDuration(text), undefined, JSON.stringify(text))
  }
  t.equal(parseDuration('9'.repeat(31) + 's'), undefined, 'beyond what a number can hold')
  t.equal(parseDuration('1s'.repeat(500_000)), undefined, 'a megabyte of text')
})

t.test('rounds up to whole seconds and writes them back', async (t) => {
  t.equal(parseSeconds('500ms'), 1)
  t.equal(parseSeconds('1.5s'), 2)
  t.equal(formatSeconds(90), '90s')
  t.equal(parseSeconds(formatSeconds(90)), 90)
})
