import { align, median, percentile } from '../support/figures.ts'
import type { BootRecord } from './boot-record.ts'
import { type ModeName, modeNames, modes, type VariantName, variantNames, variants } from './plan.ts'

/** One mode in one variant: medians of its rounds. Times in milliseconds since the start of the kubelet. */
export interface Figure {
  readonly variant: VariantName
  readonly mode: ModeName
  readonly rounds: number
  /** Over the pods; one that is not Ready counts with the time for which the boot was watched, so that these are least times then. */
  readonly meanMs: number
  readonly p50Ms: number
  readonly firstMs: number
  readonly worstMs: number
  /** Undefined: in half of the rounds they were not all Ready within the bound. */
  readonly allReadyMs: number | undefined
  /** In how many rounds all were Ready. */
  readonly upRounds: number
  /** By probes, in each round. */
  readonly restarts: readonly number[]
  readonly pressure: number
  readonly idleShare: number
  /** What else the machine did. */
  readonly niceShare: number
  /** To the plain boot of the same round; undefined where there is none. */
  readonly meanRatio: Ratio | undefined
  readonly allRatio: Ratio | undefined
}

/** The median of the rounds' ratios. */
export interface Ratio {
  readonly median: number
  readonly least: number
  readonly most: number
  /** A plain boot was not up within the bound: the ratio would be less if it had been watched for longer. */
  readonly isAtMost: boolean
}

/** What usher is to reach, and whether it does. */
export interface Verdict {
  readonly variant: VariantName
  readonly goal: string
  readonly seen: string
  readonly met: boolean
}

// Of the issue: work-conserving, to the plain boot.
const goals = { mean: 0.65, all: 1.05 }

/** The figures of all boots, in the order of tables. */
export function summarise(boots: readonly BootRecord[]): readonly Figure[] {
  return variantNames.flatMap((variant) => modeNames.flatMap((mode) => figureOf(boots.filter((boot) => boot.variant === variant), variant, mode) ?? []))
}

/** The goals, for each variant that was measured with the default mode. */
export function judge(figures: readonly Figure[]): readonly Verdict[] {
  return variantNames.flatMap((variant) => {
    const of = (mode: ModeName): Figure | undefined => figures.find((figure) => figure.variant === variant && figure.mode === mode)
    const [work, plain] = [of('work'), of('plain')]
    if (work?.meanRatio === undefined || work.allRatio === undefined || plain === undefined) return []
    const byUsher = figures.filter(({ mode, variant: of }) => of === variant && mode !== 'plain' && mode !== 'timer')
    return [
      {
        variant,
        goal: 'no restart by a probe with usher',
        seen: `${byUsher.flatMap(({ restarts }) => restarts).reduce((sum, each) => sum + each, 0)}; without ${plain.restarts.join(', ')}`,
        met: byUsher.every(({ restarts }) => restarts.every((count) => count === 0)),
      },
      verdict(variant, `mean time to Ready at most ${goals.mean} of the plain boot's`, work.meanRatio, goals.mean),
      verdict(variant, `all Ready no later than ${goals.all} of the plain boot's`, work.allRatio, goals.all),
    ]
  })
}

/** Everything as text. */
export function print(figures: readonly Figure[], verdicts: readonly Verdict[]): string {
  const tables = variantNames.flatMap((variant) => {
    const own = figures.filter((figure) => figure.variant === variant)
    if (own.length === 0) return []
    const head = ['', 'rounds', 'mean', 'p50', 'first', 'worst', 'all Ready', 'restarts', 'pressure', 'idle', 'other', 'mean to plain', 'all to plain']
    return [`${variants[variant].title}; seconds, medians of the rounds\n\n${align([head, ...own.map(rowOf)]).join('\n')}\n`]
  })
  const lines = verdicts.map(({ variant, goal, seen, met }) => `${variant}: ${goal}: ${met ? 'met' : 'missed'}, ${seen}`)
  return `${[...tables, lines.join('\n')].join('\n')}\n`
}

function figureOf(boots: readonly BootRecord[], variant: VariantName, mode: ModeName): Figure | undefined {
  const own = boots.filter((boot) => boot.mode === mode)
  if (own.length === 0) return undefined
  const times = own.map(readyTimes)
  const all = own.map(({ allReadyMs }) => allReadyMs ?? Infinity)
  const allReadyMs = median(all)
  const pairs = own.flatMap((boot) => {
    const plain = boots.find((other) => other.round === boot.round && other.mode === 'plain')
    return plain === undefined || mode === 'plain' ? [] : [{ boot, plain }]
  })
  return {
    variant,
    mode,
    rounds: own.length,
    meanMs: median(times.map(mean)),
    p50Ms: median(times.map((each) => percentile(each, 0.5))),
    firstMs: median(times.map((each) => Math.min(...each))),
    worstMs: median(times.map((each) => Math.max(...each))),
    allReadyMs: Number.isFinite(allReadyMs) ? allReadyMs : undefined,
    upRounds: all.filter(Number.isFinite).length,
    restarts: own.map(({ probeRestarts: { startup, liveness } }) => startup + liveness),
    pressure: median(own.map(({ pressure }) => pressure)),
    idleShare: median(own.map(({ idleShare }) => idleShare)),
    niceShare: median(own.map(({ niceShare }) => niceShare)),
    meanRatio: ratioOf(pairs, (boot) => mean(readyTimes(boot))),
    allRatio: ratioOf(pairs, endOf),
  }
}

interface Pair {
  readonly boot: BootRecord
  readonly plain: BootRecord
}

function ratioOf(pairs: readonly Pair[], of: (boot: BootRecord) => number): Ratio | undefined {
  if (pairs.length === 0) return undefined
  const ratios = pairs.map(({ boot, plain }) => of(boot) / of(plain))
  const isAtMost = pairs.some(({ plain }) => plain.allReadyMs === undefined)
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios), isAtMost }
}

function endOf({ allReadyMs, boundSeconds }: BootRecord): number {
  return allReadyMs ?? boundSeconds * 1_000
}

function readyTimes({ pods, boundSeconds }: BootRecord): readonly number[] {
  return pods.map(({ readyMs }) => readyMs ?? boundSeconds * 1_000)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

function verdict(variant: VariantName, goal: string, { median: middle, least, most, isAtMost }: Ratio, limit: number): Verdict {
  return { variant, goal, seen: `${isAtMost ? 'at most ' : ''}${middle.toFixed(2)} (${least.toFixed(2)} to ${most.toFixed(2)})`, met: middle <= limit }
}

function rowOf({ mode, rounds, meanMs, p50Ms, firstMs, worstMs, allReadyMs, upRounds, restarts, pressure, idleShare, niceShare, meanRatio, allRatio }: Figure): readonly string[] {
  const least = upRounds < rounds ? '≥ ' : ''
  const seconds = (ms: number): string => (ms / 1_000).toFixed(1)
  const ratio = (value: Ratio | undefined): string => (value === undefined ? '' : `${value.isAtMost ? '≤ ' : ''}${value.median.toFixed(2)}`)
  return [
    modes[mode].title,
    String(rounds),
    `${least}${seconds(meanMs)}`,
    `${least}${seconds(p50Ms)}`,
    `${firstMs === worstMs ? least : ''}${seconds(firstMs)}`,
    `${least}${seconds(worstMs)}`,
    allReadyMs === undefined ? 'never' : `${least}${seconds(allReadyMs)}`,
    restarts.join(', '),
    `${Math.round(pressure)} %`,
    `${Math.round(idleShare * 100)} %`,
    `${Math.round(niceShare * 100)} %`,
    ratio(meanRatio),
    ratio(allRatio),
  ]
}
