import { align, median, number, percentile } from '../support/figures.ts'
import type { Answers } from './measure-answers.ts'
import type { HandOver } from './measure-hand-over.ts'
import type { Memory } from './measure-memory.ts'

/** One round of everything. */
export interface Round {
  /** Anonymous 423s, anonymous grants of 0 s. */
  readonly locked: Answers
  readonly grants: Answers
  readonly handOver: readonly HandOver[]
  readonly memory: Memory
}

/** A number, and what is wanted of it where something is. */
export interface Figure {
  readonly name: string
  /** The median of the rounds. */
  readonly value: number
  readonly least: number
  readonly most: number
  readonly unit: string
  readonly goal?: string
  readonly met?: boolean
}

// The goals of docs/performance.md.
const leastPerCpuSecond = 8_000
const mostHandOverMs = 20
const mostMib = 32

/** The figures of all rounds. */
export function summarise(rounds: readonly Round[]): readonly Figure[] {
  const figure = (name: string, unit: string, of: (round: Round) => number): Figure => {
    const values = rounds.map(of)
    return { name, unit, value: median(values), least: Math.min(...values), most: Math.max(...values) }
  }
  const atLeast = (bound: number, made: Figure): Figure => ({ ...made, goal: `at least ${bound}`, met: made.value >= bound })
  const atMost = (bound: number, made: Figure): Figure => ({ ...made, goal: `at most ${bound}`, met: made.value <= bound })
  const handOvers = (rounds[0]?.handOver ?? []).flatMap(({ waiting }, index) => {
    const part = (share: number) => (round: Round) => percentile(round.handOver[index]?.times ?? [], share)
    const p99 = figure(`hand-over, ${waiting} waiting, p99`, 'ms', part(0.99))
    return [figure(`hand-over, ${waiting} waiting, p50`, 'ms', part(0.5)), waiting === 1_000 ? atMost(mostHandOverMs, p99) : p99]
  })
  return [
    figure('anonymous 423s per second', '', ({ locked }) => locked.perSecond),
    atLeast(leastPerCpuSecond, figure('anonymous 423s per CPU-second', '', ({ locked }) => locked.perCpuSecond)),
    figure('acquisitions per second', '', ({ grants }) => grants.perSecond),
    figure('acquisitions per CPU-second', '', ({ grants }) => grants.perCpuSecond),
    ...handOvers,
    figure('anonymous memory, idle', 'MiB', ({ memory }) => memory.idleMib),
    atMost(mostMib, figure('anonymous memory, 110 waiting', 'MiB', ({ memory }) => memory.waitingMib)),
  ]
}

/** Everything as text. */
export function print(figures: readonly Figure[]): string {
  const rows = figures.map(({ name, value, least, most, unit, goal, met }) => [
    name,
    `${number(value)} ${unit}`.trimEnd(),
    `(${number(least)} to ${number(most)})`,
    goal === undefined ? '' : `${goal}: ${met === true ? 'met' : 'missed'}`,
  ])
  return `${align([['', 'median', '(least to most)', 'goal'], ...rows]).join('\n')}\n`
}
