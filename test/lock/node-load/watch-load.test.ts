import t, { type Test } from 'tap'
import { systemClock } from '../../../src/lock/clock.ts'
import { type LoadReading, longestWindowMs } from '../../../src/lock/node-load/load-between.ts'
import { readPeriodMs, watchLoad } from '../../../src/lock/node-load/watch-load.ts'
import { FakeClock } from '../../support/fake-clock.ts'
import { pressureText, type ProcFiles, readFrom, statText } from '../../support/proc-files.ts'
import { until } from '../../support/until.ts'

const windowMs = readPeriodMs

t.test('tells how many cores were idle, and how long tasks waited, in each window', (t) => {
  const { files, clock, told } = watch(t, { stat: statText(500, 500), pressure: pressureText(1_000_000) })
  t.strictSame(told, [], 'one look is no window')
  set(files, statText(525, 575), pressureText(1_025_000))
  clock.advance(windowMs)
  t.strictSame(told, [{ idleCores: 3, cores: 4, pressure: 10, windowMs }])
  set(files, statText(625, 575), pressureText(1_275_000))
  clock.advance(windowMs)
  t.strictSame(told.at(-1), { idleCores: 0, cores: 4, pressure: 100, windowMs })
  set(files, statText(625, 585), pressureText(1_775_000))
  clock.advance(windowMs)
  t.strictSame(told.at(-1), { idleCores: 4, cores: 4, pressure: 100, windowMs }, 'no more than all of the window')
  t.end()
})

t.test('tells no pressure where the kernel does not', (t) => {
  const { files, clock, told } = watch(t, { stat: statText(0, 0), pressure: undefined })
  set(files, statText(50, 50), undefined)
  clock.advance(windowMs)
  t.strictSame(told, [{ idleCores: 2, cores: 4, pressure: undefined, windowMs }])
  t.end()
})

t.test('skips readings that cannot be, and goes on from them', (t) => {
  const bad: Readonly<Record<string, ProcFiles>> = {
    'nothing has passed': { stat: statText(500, 500), pressure: pressureText(1_000) },
    'idle time goes backwards': { stat: statText(600, 499), pressure: pressureText(1_000) },
    'busy time goes backwards': { stat: statText(499, 600), pressure: pressureText(1_000) },
    'all starts anew': { stat: statText(0, 1), pressure: pressureText(1_000) },
    'pressure goes backwards': { stat: statText(550, 550), pressure: pressureText(999) },
    'pressure has gone': { stat: statText(550, 550), pressure: undefined },
    'pressure is nonsense': { stat: statText(550, 550), pressure: 'some total=many' },
  }
  for (const [what, { stat, pressure }] of Object.entries(bad)) {
    const { files, clock, told } = watch(t, { stat: statText(500, 500), pressure: pressureText(1_000) })
    set(files, stat, pressure)
    clock.advance(windowMs)
    t.strictSame(told, [], what)
    set(files, statText(700, 700), pressureText(1_000))
    clock.advance(windowMs)
    set(files, statText(750, 750), pressureText(1_000))
    clock.advance(windowMs)
    t.strictSame(told.at(-1), { idleCores: 2, cores: 4, pressure: 0, windowMs }, 'it goes on')
  }
  t.end()
})

t.test('spans a reading that is missing, with a longer window', (t) => {
  for (const missing of [undefined, '', 'cpu  nonsense\n']) {
    const { files, clock, told, failures } = watch(t, { stat: statText(500, 500), pressure: pressureText(0) })
    set(files, missing, pressureText(0))
    clock.advance(windowMs)
    set(files, statText(550, 550), pressureText(50_000))
    clock.advance(windowMs)
    t.strictSame(told, [{ idleCores: 2, cores: 4, pressure: 10, windowMs: 2 * windowMs }])
    t.strictSame(failures, [], 'it can be read')
  }
  t.end()
})

t.test('skips a window in which the process slept', (t) => {
  const { files, clock, told } = watch(t, { stat: statText(0, 0), pressure: pressureText(0) })
  set(files, statText(500, 500), pressureText(0))
  clock.sleep(longestWindowMs + 1)
  clock.advance(0)
  t.strictSame(told, [])
  set(files, statText(550, 550), pressureText(0))
  clock.advance(windowMs)
  t.strictSame(told, [{ idleCores: 2, cores: 4, pressure: 0, windowMs }])
  t.end()
})

t.test('says once that there is nothing to read, and tells as soon as there is', (t) => {
  for (const [stat, reason] of [[undefined, 'cannot be read'], ['nonsense', 'does not say how long the CPUs were idle']] as const) {
    const { files, clock, told, failures } = watch(t, { stat, pressure: pressureText(0) })
    t.strictSame(failures, [`/proc/stat ${reason}`])
    clock.advance(10 * windowMs)
    t.equal(failures.length, 1)
    t.strictSame(told, [])
    set(files, statText(0, 0), pressureText(0))
    clock.advance(windowMs)
    set(files, statText(5, 5), pressureText(0))
    clock.advance(windowMs)
    t.strictSame(told, [{ idleCores: 2, cores: 4, pressure: 0, windowMs }])
  }
  t.end()
})

t.test('can be ended, also by who is told', (t) => {
  const { clock, stop } = watch(t, { stat: statText(0, 0), pressure: undefined })
  t.equal(clock.pending, 1)
  stop()
  t.equal(clock.pending, 0)

  const other = new FakeClock()
  let jiffies = 0
  const end = watchLoad({ clock: other, read: () => statText(0, jiffies++) }, () => end(), t.fail)
  other.advance(windowMs)
  t.equal(other.pending, 0)
  t.end()
})

t.test('reads the machine it runs on', { skip: process.platform !== 'linux' }, async (t) => {
  const told: LoadReading[] = []
  t.teardown(watchLoad({ periodMs: 50, clock: systemClock }, (reading) => told.push(reading), t.fail))
  const reading = await until('something is told', () => told.at(0))
  t.ok(reading.idleCores >= 0 && reading.windowMs > 0 && reading.windowMs <= longestWindowMs, JSON.stringify(reading))
})

function watch(t: Test, files: ProcFiles) {
  const clock = new FakeClock()
  const told: LoadReading[] = []
  const failures: string[] = []
  const stop = watchLoad({ clock, read: readFrom(files) }, (reading) => told.push(reading), (reason) => failures.push(reason))
  t.teardown(stop)
  return { files, clock, told, failures, stop }
}

function set(files: ProcFiles, stat: string | undefined, pressure: string | undefined): void {
  files.stat = stat
  files.pressure = pressure
}
