import { median, percentile } from '../support/figures.ts'
import type { Measured } from './measure.ts'
import { shellVariant } from './variants.ts'

/** One variant in figures, in milliseconds. */
export interface Figure {
  readonly name: string
  readonly medianMs: number
  readonly p90Ms: number
  readonly minMs: number
}

/** What is wanted, and whether it is so. */
export interface Goal {
  readonly name: string
  readonly seenMs: number
  readonly boundMs: number
  readonly met: boolean
}

/** The figures of all variants. */
export function summarise(measured: readonly Measured[]): readonly Figure[] {
  return measured.map(({ name, times }) => ({
    name,
    medianMs: median(times),
    p90Ms: percentile(times, 0.9),
    minMs: Math.min(...times),
  }))
}

// docs/performance.md
const mostShellMs = 200

/** Judges what people wait for. */
export function judge(figures: readonly Figure[]): Goal {
  const seenMs = figures.find(({ name }) => name === shellVariant)?.medianMs ?? Number.NaN
  return { name: 'median of usher inject from the shell, below', seenMs, boundMs: mostShellMs, met: seenMs < mostShellMs }
}

/** Everything as text. */
export function print(figures: readonly Figure[], goal: Goal): string {
  const width = Math.max(...figures.map(({ name }) => name.length)) + 2
  const row = (name: string, ...cells: readonly string[]): string => name.padEnd(width) + cells.map((cell) => cell.padStart(10)).join('')
  return [
    row('', 'median', 'p90', 'min'),
    ...figures.map(({ name, medianMs, p90Ms, minMs }) => row(name, ms(medianMs), ms(p90Ms), ms(minMs))),
    '',
    `${goal.name} ${goal.boundMs} ms: ${ms(goal.seenMs)}, ${goal.met ? 'met' : 'missed'}`,
    '',
  ].join('\n')
}

function ms(value: number): string {
  return `${value.toFixed(0)} ms`
}
