import { align, median, number } from '../support/figures.ts'
import type { MemoryPoint } from './measure-memory.ts'
import type { Round, Shown } from './measure-rounds.ts'

/** One figure of both servers. The ratio is usher's to the floor's. */
export interface Figure {
  readonly name: string
  readonly usher: number
  readonly floor: number
  /** Medians of the rounds; the ratio is the median of the rounds' ratios, not the ratio of the medians. */
  readonly ratio: number
  readonly leastRatio: number
  readonly mostRatio: number
}

/** A number that the design promises. */
export interface Goal {
  readonly name: string
  readonly seen: number
  readonly bound: number
  readonly unit: string
  readonly met: boolean
}

const figures: Readonly<Record<string, (shown: Shown) => number>> = {
  'requests/s, closed loop': ({ perSecond }) => perSecond,
  'reviews per CPU-second': ({ perCpuSecond }) => perCpuSecond,
  'p50 ms, closed loop': ({ closed }) => closed.p50Ms,
  'p95 ms, closed loop': ({ closed }) => closed.p95Ms,
  'p99 ms, closed loop': ({ closed }) => closed.p99Ms,
  'p50 ms, fixed rate': ({ fixed }) => fixed.p50Ms,
  'p95 ms, fixed rate': ({ fixed }) => fixed.p95Ms,
  'p99 ms, fixed rate': ({ fixed }) => fixed.p99Ms,
}

/** The figures of all rounds. */
export function summarise(rounds: readonly Round[]): readonly Figure[] {
  return Object.entries(figures).map(([name, of]) => {
    const ratios = rounds.map(({ usher, floor }) => of(usher) / of(floor))
    return {
      name,
      usher: median(rounds.map(({ usher }) => of(usher))),
      floor: median(rounds.map(({ floor }) => of(floor))),
      ratio: median(ratios),
      leastRatio: Math.min(...ratios),
      mostRatio: Math.max(...ratios),
    }
  })
}

// docs/performance.md, and the design's "Numbers".
const leastPerCpuSecond = 0.7
const mostTail = 2
const mostHeapGrowthMb = 5

/** The goals, and whether they are met. */
export function judge(all: readonly Figure[], memory: readonly MemoryPoint[]): readonly Goal[] {
  const perCpuSecond = ratioOf(all, 'reviews per CPU-second')
  const tail = ratioOf(all, 'p99 ms, fixed rate')
  const goals: Goal[] = [
    {
      name: "reviews per CPU-second, at least, of the floor's",
      seen: perCpuSecond,
      bound: leastPerCpuSecond,
      unit: '',
      met: perCpuSecond >= leastPerCpuSecond,
    },
    { name: "p99 at the fixed rate, at most, of the floor's", seen: tail, bound: mostTail, unit: '', met: tail <= mostTail },
  ]
  const [, early, late] = memory
  if (early === undefined || late === undefined) return goals
  const grown = (late.heapUsed - early.heapUsed) / 1e6
  const name = `heap grown from ${early.reviews} to ${late.reviews} reviews, at most`
  return [...goals, { name, seen: grown, bound: mostHeapGrowthMb, unit: ' MB', met: grown <= mostHeapGrowthMb }]
}

function ratioOf(all: readonly Figure[], name: string): number {
  return all.find((figure) => figure.name === name)?.ratio ?? Number.NaN
}

/** Everything as text. */
export function print(all: readonly Figure[], memory: readonly MemoryPoint[], goals: readonly Goal[]): string {
  const header = ['', 'usher', 'floor', 'usher/floor', '(least to most)']
  const rows = all.map(({ name, usher, floor, ratio, leastRatio, mostRatio }) => [
    name,
    number(usher),
    number(floor),
    ratio.toFixed(2),
    `(${leastRatio.toFixed(2)} to ${mostRatio.toFixed(2)})`,
  ])
  const points = memory.map(({ reviews, heapUsed, rss }) => [
    `after ${reviews} reviews`,
    `heap ${(heapUsed / 1e6).toFixed(2)} MB`,
    `rss ${(rss / 1e6).toFixed(1)} MB`,
  ])
  const judged = goals.map(({ name, seen, bound, unit, met }) => [
    `${name} ${bound}${unit}:`,
    `${seen.toFixed(2)}${unit}`,
    met ? 'met' : 'missed',
  ])
  const memoryLines = points.length === 0 ? [] : ['', ...align(points)]
  return [...align([header, ...rows]), ...memoryLines, '', ...align(judged), ''].join('\n')
}
