import { align, median, number } from '../support/figures.ts'
import type { Round, VariantName } from './measure-rounds.ts'

/** All rounds with one number of connections. */
export interface Part {
  readonly connections: number
  readonly rounds: readonly Round[]
}

/** One variant with one number of connections. */
export interface Figure {
  readonly connections: number
  readonly variant: VariantName
  /** Median of the rounds' medians. */
  readonly p50Ms: number
  /** To the policy with ApplyConfiguration in the same round: the median of the rounds, least and most. */
  readonly ratio: number
  readonly leastRatio: number
  readonly mostRatio: number
  /** What usher's ratio may be at most. */
  readonly goal?: number
  readonly met?: boolean
}

const goals: Readonly<Record<number, number>> = { 1: 1.2, 8: 1.1 }

const titles: Readonly<Record<VariantName, string>> = {
  none: 'no mutation',
  apply: 'policy, ApplyConfiguration',
  'apply-all': 'policy, ApplyConfiguration and JSONPatch',
  'json-patch': 'policy, JSONPatch',
  usher: "usher's webhook",
  floor: 'bare node:https handler',
}

/** The figures of all rounds. */
export function summarise(parts: readonly Part[]): readonly Figure[] {
  return parts.flatMap(({ connections, rounds }) =>
    variantNames.map((variant) => {
      const ratios = rounds.map((round) => round[variant] / round.apply)
      const ratio = median(ratios)
      const goal = variant === 'usher' ? goals[connections] : undefined
      return {
        connections,
        variant,
        p50Ms: median(rounds.map((round) => round[variant])),
        ratio,
        leastRatio: Math.min(...ratios),
        mostRatio: Math.max(...ratios),
        ...(goal === undefined ? {} : { goal, met: ratio <= goal }),
      }
    }),
  )
}

/** In the order of the table. */
export const variantNames: readonly VariantName[] = ['none', 'apply', 'apply-all', 'json-patch', 'usher', 'floor']

/** Everything as text. */
export function print(figures: readonly Figure[]): string {
  const rows = figures.map(({ connections, variant, p50Ms, ratio, leastRatio, mostRatio, goal, met }) => [
    `${titles[variant]}, ${connections} connection${connections === 1 ? '' : 's'}`,
    `${number(p50Ms)} ms`,
    ratio.toFixed(2),
    `(${leastRatio.toFixed(2)} to ${mostRatio.toFixed(2)})`,
    goal === undefined ? '' : `at most ${goal}: ${met === true ? 'met' : 'missed'}`,
  ])
  return `${align([['', 'p50', 'to the policy', '(least to most)', 'goal'], ...rows]).join('\n')}\n`
}
