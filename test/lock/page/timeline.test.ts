import t from 'tap'
import { ticksOf, type TimelineRow, timelineOf } from '../../../src/lock/page/timeline.ts'
import type { WaiterState } from '../../../src/lock/state-view.ts'
import { sampleNow, start, stateWith } from './sample-state.ts'

t.test('spans a minute at least, up to now, where somebody starts', async (t) => {
  const { from, to } = timelineOf(stateWith({ starts: [start('a/b', 5, 4)] }))
  t.strictSame([from - sampleNow, to - sampleNow], [-60_000, 0])
})

t.test('begins with the first arrival where that is longer ago', async (t) => {
  const { from, to } = timelineOf(stateWith({ starts: [start('a/b', 300, 200, 190, 'ready'), start('a/c', 100, 50)] }))
  t.strictSame([from - sampleNow, to - sampleNow], [-300_000, 0])
})

t.test('spans an hour at most, and cuts what is older', async (t) => {
  const { from, to, rows } = timelineOf(stateWith({ starts: [start('a/b', 4_000, 3_800, 3_500, 'ready'), start('a/c', 10, 5)] }))
  t.strictSame([from - sampleNow, to - sampleNow], [-3_600_000, 0])
  t.strictSame(barsOf(rows[1]), [['holding', -3_600, -3_500], ['ready', -3_500, 0]])
})

t.test('ends soon after the last that happened, where nothing goes on', async (t) => {
  const { from, to } = timelineOf(stateWith({ starts: [start('a/b', 3_000, 2_900, 2_800, 'ready')] }))
  t.strictSame([from - sampleNow, to - sampleNow], [-3_000_000, -2_780_000])
  const short = timelineOf(stateWith({ starts: [start('a/b', 3_000, 2_999, 2_998, 'ready')] }))
  t.strictSame([short.from - sampleNow, short.to - sampleNow], [-3_000_000, -2_940_000])
})

t.test('shows for how long each waited, held the lock, and is ready', async (t) => {
  for (const cause of ['ready', 'given-back', 'blind-hold'] as const) {
    const { rows } = timelineOf(stateWith({ starts: [start('a/b', 50, 40, 30, cause), start('a/c', 1, 1)] }))
    t.strictSame(barsOf(rows[1]), [['waiting', -50, -40], ['holding', -40, -30], ['ready', -30, 0]], cause)
  }
})

t.test('tells a lease that was over from one of a pod that is ready, and from one that is gone', async (t) => {
  const starts = [start('a/b', 50, 40, 30, 'lease-end'), start('a/c', 50, 41, 31, 'gone'), start('a/d', 50, 42, 32, 'unclaimed'), start('a/e', 50, 43, 33, 'crash-loop'), start('a/f', 1, 1)]
  const { rows } = timelineOf(stateWith({ starts }))
  t.strictSame(rows.slice(1).map((row) => barsOf(row).at(-1)), [['expired', -30, 0], ['gone', -31, -31], ['gone', -32, -32], ['expired', -33, 0]])
})

t.test('a pod is no longer ready when one of its name asks again', async (t) => {
  const again = timelineOf(stateWith({ starts: [start('a/b-0', 50, 40, 30, 'ready'), start('a/b-0', 10, 5)] }))
  t.strictSame(barsOf(again.rows[1]).at(-1), ['ready', -30, -10])
  const waits = timelineOf(stateWith({ starts: [start('a/b-0', 50, 40, 30, 'ready')], waiters: [waiter('a/b-0', 1, 8)] }))
  t.strictSame(barsOf(waits.rows[1]).at(-1), ['ready', -30, -8])
  const unnamed = timelineOf(stateWith({ starts: [start(null, 50, 40, 30, 'ready'), start(null, 10, 5)] }))
  t.strictSame(barsOf(unnamed.rows[1]).at(-1), ['ready', -30, 0], 'nothing is known of those without a name')
})

t.test('has the newest on top: who waits, the next of them last, then who starts, then the others', async (t) => {
  const { rows } = timelineOf(
    stateWith({
      starts: [start('ended/first', 90, 80, 70, 'ready'), start('ended/last', 95, 70, 10, 'ready'), start('holds/long', 90, 75), start('holds/new', 90, 10)],
      waiters: [waiter('waits/next', 1, 20), waiter('waits/then', 2, 30)],
    }),
  )
  t.strictSame(rows.map(({ pod }) => pod), ['waits/then', 'waits/next', 'holds/new', 'holds/long', 'ended/last', 'ended/first'])
  t.strictSame(barsOf(rows[1]), [['waiting', -20, 0]])
})

t.test('shows sixty rows, not more than twenty of those who wait, and says how many more there are', async (t) => {
  const starts = Array.from({ length: 100 }, (_, index) => start(`a/${index}`, 200, 190 - index, 100 - index, 'ready'))
  const waiters = Array.from({ length: 30 }, (_, index) => waiter(`w/${index}`, index + 1, 5))
  const { rows, more } = timelineOf(stateWith({ starts: [...starts, start('a/long', 900, 800)], waiters }))
  t.equal(rows.length, 60)
  t.strictSame(more, { waiting: 10, starts: 61 })
  t.equal(rows[19]?.pod, 'w/0', 'those who wait are the next in the order of service')
  t.equal(rows[20]?.pod, 'a/long', 'who still holds the lock is never left out')
  t.strictSame([rows[21]?.pod, rows.at(-1)?.pod], ['a/99', 'a/61'])
})

t.test('marks round times, at most five', async (t) => {
  const at = (text: string): number => Date.parse(`2026-03-14T${text}Z`)
  const ticks = (from: string, to: string) => ticksOf({ from: at(from), to: at(to) }).map((tick) => new Date(tick).toISOString().slice(11, 19))
  t.strictSame(ticks('09:26:01', '09:27:01'), ['09:26:15', '09:26:30', '09:26:45', '09:27:00'])
  t.strictSame(ticks('09:26:00', '09:27:00'), ['09:26:00', '09:26:15', '09:26:30', '09:26:45', '09:27:00'])
  t.strictSame(ticks('09:26:50', '09:32:10'), ['09:28:00', '09:30:00', '09:32:00'])
  t.strictSame(ticks('08:31:00', '09:31:00'), ['08:45:00', '09:00:00', '09:15:00', '09:30:00'])
  t.strictSame(ticks('23:45:00', '00:00:00').length, 0, 'a span that ends before it begins has none')
})

t.test('every span from a minute to an hour has two to five marks, within it', async (t) => {
  const seconds = Array.from({ length: 500 }, (_, index) => 60 + index * 7).filter((each) => each <= 3_600)
  const faulty = seconds.filter((each) => {
    const [from, to] = [sampleNow - each * 1_000, sampleNow]
    const ticks = ticksOf({ from, to })
    return ticks.length < 2 || ticks.length > 5 || ticks.some((tick) => tick < from || tick > to)
  })
  t.strictSame(faulty, [])
})

/** Bars as kind, from and to, in seconds by the sample's time. */
function barsOf(row: TimelineRow | undefined): readonly (readonly [string, number, number])[] {
  return row?.bars.map(({ kind, from, to }) => [kind, (from - sampleNow) / 1_000, (to - sampleNow) / 1_000] as const) ?? []
}

function waiter(pod: string, position: number, waitedSeconds: number): WaiterState {
  return { pod, identified: true, position, waitedSeconds, priority: 0, weight: 1, connected: true }
}
