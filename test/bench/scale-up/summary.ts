import { align, median } from '../support/figures.ts'
import type { ScaleUpRound } from './measure.ts'

/** Milliseconds, over all rounds. */
export interface ScaleUpFigures {
  readonly without: Spread
  readonly usher: Spread
  /** Of each round, how much longer it took with usher. */
  readonly difference: Spread
  readonly goalMs: number
  readonly met: boolean
  /** Before each. */
  readonly leastIdleCores: number
}

interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

// As fast as without, and one second.
const goalMs = 1_000

/** The figures of all rounds. */
export function summarise(rounds: readonly ScaleUpRound[]): ScaleUpFigures {
  const difference = spreadOf(rounds.map(({ without, usher }) => usher.allReadyMs - without.allReadyMs))
  return {
    without: spreadOf(rounds.map(({ without }) => without.allReadyMs)),
    usher: spreadOf(rounds.map(({ usher }) => usher.allReadyMs)),
    difference,
    goalMs,
    met: difference.median <= goalMs,
    leastIdleCores: Math.min(...rounds.flatMap(({ without, usher }) => [without.idleCoresBefore, usher.idleCoresBefore])),
  }
}

/** Everything as text. */
export function print({ without, usher, difference, met, leastIdleCores }: ScaleUpFigures): string {
  const row = (title: string, { median: middle, least, most }: Spread, goal = ''): readonly string[] => [title, seconds(middle), `(${seconds(least)} to ${seconds(most)})`, goal]
  const rows = [
    ['until all are Ready, seconds', 'median', '(least to most)', 'goal'],
    row('without usher', without),
    row('with usher', usher),
    row('difference', difference, `at most ${seconds(goalMs)}: ${met ? 'met' : 'missed'}`),
  ]
  return `${align(rows).join('\n')}\n\nat least ${leastIdleCores.toFixed(2)} cores were idle before each\n`
}

function spreadOf(values: readonly number[]): Spread {
  return { median: median(values), least: Math.min(...values), most: Math.max(...values) }
}

function seconds(ms: number): string {
  return (ms / 1_000).toFixed(2)
}
