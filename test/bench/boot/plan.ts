/** How the pods of a boot get their turns. */
export interface Mode {
  readonly title: string
  /** The values of usher's chart; undefined: usher is not installed, and the pods' namespace is not labelled. */
  readonly values: readonly string[] | undefined
  /** Of the pods. */
  readonly annotations?: Readonly<Record<string, string>>
}

const strict = ['lock.strict=true']

/** By the names that flags and raw data have; in the order of tables. */
export const modes = {
  plain: { title: 'without usher', values: undefined },
  // What pod-startup-lock does: whoever has the lock has it for ten seconds, whatever comes of the start.
  timer: {
    title: 'timer lock, 10 s',
    values: [...strict, 'lock.locks=1', 'lock.watchPods=false'],
    annotations: { 'usher.dev/lock-lease': '10s' },
  },
  strict1: { title: 'usher, strict, 1 permit', values: [...strict, 'lock.locks=1'] },
  strict2: { title: 'usher, strict, 2 permits', values: [...strict, 'lock.locks=2'] },
  work: { title: 'usher, work-conserving', values: [] },
} satisfies Readonly<Record<string, Mode>>

export type ModeName = keyof typeof modes
export const modeNames = Object.keys(modes) as ModeName[]

/** What the pods of a boot are. */
export interface Variant {
  readonly title: string
  /** Of so many pods one is an idle starter; undefined: none is. */
  readonly idleOfEach: number | undefined
  /** After so many seconds without an answer, the startup probe has a container restarted. */
  readonly limitSeconds: number
}

// A start alone takes a fifth of it on two cores that do nothing else.
const limitSeconds = 30

/** By the names that flags and raw data have. */
export const variants = {
  heavy: { title: 'all of them heavy', idleOfEach: undefined, limitSeconds },
  mixed: { title: 'a third of them idle starters', idleOfEach: 3, limitSeconds },
  // What turns alone are worth, without restarts.
  patient: { title: 'all of them heavy, probes that wait for five minutes', idleOfEach: undefined, limitSeconds: 300 },
} as const satisfies Readonly<Record<string, Variant>>

export type VariantName = keyof typeof variants
export const variantNames = Object.keys(variants) as VariantName[]

/** What is measured. */
export interface Plan {
  readonly pods: number
  readonly rounds: number
  readonly modes: readonly ModeName[]
  readonly variants: readonly VariantName[]
  /** After which a boot is given up. */
  readonly boundSeconds: number
  /** How often the application warms up: its work. */
  readonly work: number
}

/** One boot that is to be measured. */
export interface PlannedBoot {
  readonly round: number
  readonly variant: VariantName
  readonly mode: ModeName
}

/**
 * The boots of a plan in their order: all modes of a variant one after the other, then the next variant, then the next
 * round. Rounds go through the modes by turns forwards and backwards, so that no mode is always measured before another.
 */
export function bootsOf(plan: Pick<Plan, 'rounds' | 'modes' | 'variants'>): readonly PlannedBoot[] {
  return Array.from({ length: plan.rounds }, (_, round) =>
    plan.variants.flatMap((variant) => {
      const order = round % 2 === 0 ? plan.modes : plan.modes.toReversed()
      return order.map((mode) => ({ round, variant, mode }))
    }),
  ).flat()
}
