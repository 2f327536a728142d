import * as fc from 'fast-check'
import t from 'tap'
import { type LoadReading, longestWindowMs } from '../../../src/lock/node-load/load-between.ts'
import { readPeriodMs, watchLoad } from '../../../src/lock/node-load/watch-load.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { pressureText, type ProcFiles, readFrom, statText } from '../../support/proc-files.ts'

const mostCores = 8

/** Mostly counters that go on a little, so that there are readings; some that are anything. */
const counter = fc.oneof({ weight: 20, arbitrary: fc.nat(200) }, { weight: 1, arbitrary: fc.constantFrom(-1, 2 ** 53, 1e300, Infinity, NaN) })
const cores = fc.integer({ min: 0, max: mostCores })
const garbage = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.constantFrom('cpu', ' ', '\n', '0', '-1', '9'.repeat(30), 'cpu0 ', 'some ', 'total=', 'x'), { maxLength: 30 }).map((parts) => parts.join('')),
  fc.constant(undefined),
)

interface Look {
  readonly busy: number
  readonly idle: number
  readonly waitedUs: number
  readonly cores: number
  readonly garbage: ProcFiles | undefined
  readonly sleepMs: number
}

const look: fc.Arbitrary<Look> = fc.record({
  busy: counter,
  idle: counter,
  waitedUs: counter.map((count) => count * 2_000),
  cores,
  garbage: fc.oneof({ weight: 5, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.record({ stat: garbage, pressure: garbage }) }),
  sleepMs: fc.constantFrom(0, 0, 0, 1, 1_000, 5_000),
})

const looks = fc.array(look, { minLength: 1, maxLength: 20, size: 'max' })

t.test('tells no number that cannot be, whatever the files say', (t) => {
  let readings = 0
  fc.assert(
    fc.property(looks, (looks) => {
      for (const reading of readingsOf(looks)) {
        readings++
        const { idleCores, pressure = 0, windowMs } = reading
        if (!(idleCores >= 0 && idleCores <= mostCores)) throw new Error(`${idleCores} idle cores`)
        if (!(pressure >= 0 && pressure <= 100)) throw new Error(`a pressure of ${pressure}`)
        if (!(windowMs > 0 && windowMs <= longestWindowMs)) throw new Error(`a window of ${windowMs} ms`)
      }
    }),
    { numRuns: 500 },
  )
  t.ok(readings > 500, `${readings} readings were told`)
  t.end()
})

t.test('tells no more idle cores than there are', (t) => {
  fc.assert(
    fc.property(looks, fc.integer({ min: 1, max: mostCores }), (looks, cores) => {
      const same = looks.map((each) => ({ ...each, cores, garbage: undefined }))
      return readingsOf(same).every(({ idleCores }) => idleCores <= cores)
    }),
  )
  t.pass()
  t.end()
})

function readingsOf(looks: readonly Look[]): readonly LoadReading[] {
  const clock = new FakeClock()
  const files: ProcFiles = { stat: statText(0, 0), pressure: pressureText(0) }
  const told: LoadReading[] = []
  const stop = watchLoad({ clock, read: readFrom(files) }, (reading) => told.push(reading), () => {})
  let [busy, idle, waitedUs] = [0, 0, 0]
  for (const { sleepMs, garbage, cores, ...step } of looks) {
    const next = [busy + step.busy, idle + step.idle, waitedUs + step.waitedUs] as const
    Object.assign(files, garbage ?? { stat: statText(next[0], next[1], cores), pressure: pressureText(next[2]) })
    // What is no count is a slip of the kernel, and not of all that comes after.
    if (next.every((count) => Number.isSafeInteger(count))) [busy, idle, waitedUs] = next
    clock.sleep(sleepMs)
    clock.advance(readPeriodMs)
  }
  stop()
  return told
}
