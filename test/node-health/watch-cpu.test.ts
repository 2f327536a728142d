import t from 'tap'
import { type CpuReading, freeAgainAt, watchCpu } from '../../src/node-health/watch-cpu.ts'
import { FakeClock } from '../support/fake-clock.ts'

const periodMs = 10_000

/** Two cores that have done so much since the boot, in jiffies. */
class Cpus {
  busy = 1_000
  idle = 9_000
  iowait = 100
  text: string | undefined | null = null

  pass(busy: number, idle: number, iowait = 0): void {
    this.busy += busy
    this.idle += idle
    this.iowait += iowait
  }

  read(): string | undefined {
    if (this.text !== null) return this.text
    return `cpu  ${this.busy} 0 0 ${this.idle} ${this.iowait} 0 0 0 0 0\ncpu0 0 0 0 0 0 0 0 0 0 0\ncpu1 0 0 0 0 0 0 0 0 0 0\n`
  }
}

function watch(threshold: number) {
  const [clock, cpus] = [new FakeClock(), new Cpus()]
  const told: CpuReading[] = []
  const stop = watchCpu({ threshold, periodMs, clock, read: () => cpus.read() }, (reading) => told.push(reading))
  return { clock, cpus, told, stop }
}

t.test('tells after each period how much of it the CPUs were busy', async (t) => {
  const { clock, cpus, told } = watch(80)
  t.strictSame(told, [])
  cpus.pass(1_800, 200)
  clock.advance(periodMs)
  t.strictSame(told, [{ isFree: false, percent: 90 }])
  cpus.pass(500, 1_500)
  clock.advance(periodMs)
  t.strictSame(told[1], { isFree: true, percent: 25 })
})

t.test('the threshold itself is not too much', async (t) => {
  const { clock, cpus, told } = watch(80)
  cpus.pass(1_600, 400)
  clock.advance(periodMs)
  cpus.pass(1_601, 399)
  clock.advance(periodMs)
  t.strictSame(told.map(({ isFree }) => isFree), [true, false])
})

t.test('a load that hovers about the threshold does not flap: it is free again ten points below', async (t) => {
  const { clock, cpus, told } = watch(80)
  for (const percent of [79, 81, 79, 81, 75, 71, 70, 79, 80, 81]) {
    cpus.pass(percent * 20, 2_000 - percent * 20)
    clock.advance(periodMs)
  }
  t.strictSame(told.map(({ isFree }) => isFree), [true, false, false, false, false, false, true, true, true, false])
  t.strictSame([80, 20, 10, 0].map(freeAgainAt), [70, 10, 5, 0], 'and a low threshold can be met, too')
})

t.test('a period of which nothing is known does not forget that the CPUs were too busy', async (t) => {
  const { clock, cpus, told } = watch(80)
  for (const [busy, text] of [[1_800, null], [1_500, 'something else'], [1_500, null], [1_500, null]] as const) {
    cpus.pass(busy, 2_000 - busy)
    cpus.text = text
    clock.advance(periodMs)
  }
  t.match(told, [{ isFree: false, percent: 90 }, { isFree: false, percent: undefined }, { isFree: false, percent: undefined }, { isFree: false, percent: 75 }])
})

t.test('waiting for a disk takes no CPU', async (t) => {
  const { clock, cpus, told } = watch(80)
  cpus.pass(200, 0, 1_800)
  clock.advance(periodMs)
  t.equal(Math.round(told[0]?.percent ?? 0), 10)
  t.equal(told[0]?.isFree, true)
})

t.test('what cannot be read, or cannot be, says nothing: the CPUs are not known to be free', async (t) => {
  const { clock, cpus, told } = watch(80)
  cpus.text = undefined
  clock.advance(periodMs)
  cpus.text = 'something else'
  clock.advance(periodMs)
  cpus.text = null
  clock.advance(periodMs)
  cpus.pass(-100, 2_000)
  clock.advance(periodMs)
  cpus.pass(0, -10)
  clock.advance(periodMs)
  t.strictSame(told, Array.from({ length: 5 }, () => ({ isFree: false, percent: undefined })))
  cpus.pass(500, 1_500)
  clock.advance(periodMs)
  t.strictSame(told.at(-1), { isFree: true, percent: 25 }, 'the next period is sound')
})

t.test('once it is stopped it does nothing more', async (t) => {
  const { clock, told, stop } = watch(80)
  stop()
  t.equal(clock.pending, 0)
  clock.advance(periodMs)
  t.strictSame(told, [])
})
