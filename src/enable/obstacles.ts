import { tuning } from '../inject/names.ts'
import { counted } from '../terminal/counted.ts'
import type { Content } from './content.ts'
import type { Feature, Plan } from './plan.ts'
import type { Verdict } from './trial.ts'

/** A workload, what changes for its pods, and what the API server says of them. */
export interface Row extends Content {
  readonly plan: Plan
  /** Undefined: nothing changes for them, or nothing was tried. */
  readonly verdict: Verdict | undefined
}

/** Something that speaks against the change, or that is worth knowing before. Sentences are for people, without a full stop. */
export interface Remark {
  readonly detail: string
  /** What exactly it is about, each in a line. */
  readonly items?: readonly string[]
  /** What to do. */
  readonly hint?: string
}

/** What the trials say: what speaks against the change, and what is worth knowing. */
export interface Remarks {
  readonly obstacles: readonly Remark[]
  readonly notes: readonly Remark[]
}

/**
 * Sorts what the API server has said of the workloads of a namespace.
 *
 * @param isHypothetical whether nothing will be put in yet: what would be rejected for that is no obstacle then.
 */
export function remarksOf(namespace: string, rows: readonly Row[], isHypothetical: boolean): Remarks {
  const rejected = rows.flatMap((row) => (row.verdict?.kind === 'rejected' ? [{ ...row, verdict: row.verdict }] : []))
  const [gaining, losing] = [rows.filter(({ plan }) => plan.change === 'gains'), rows.filter(({ plan }) => plan.change === 'loses')]
  const ofGains = [...rejection(namespace, rejected.filter((row) => row.plan.change === 'gains')), ...untried(gaining)]
  const ofLosses = [...needed(rejected.filter((row) => row.plan.change === 'loses')), ...untried(losing)]
  return {
    obstacles: isHypothetical ? ofLosses : [...ofGains, ...ofLosses],
    notes: [...(isHypothetical ? ofGains : []), ...anyway(rows), ...missing(rows), ...warnings(rows)],
  }
}

type Rejected = Row & { readonly verdict: Extract<Verdict, { kind: 'rejected' }> }

function rejection(namespace: string, rows: readonly Rejected[]): readonly Remark[] {
  if (rows.length === 0) return []
  const items = rows.map((row) => `${titleOf(row)}: ${row.verdict.message}${row.verdict.cures.length === 0 ? '' : `; it passes with ${row.verdict.cures.map(off).join(', or with ')}`}`)
  const [cure] = (['lock', 'nap'] as const).filter((feature) => rows.every(({ verdict }) => verdict.cures.includes(feature)))
  const annotate = cure === undefined ? '' : `leave that part out, for all pods of the namespace (kubectl annotate namespace ${namespace} ${tuning[cure]}=disabled) or by the same annotation of a pod template; or `
  return [
    {
      detail: `the new pods of ${workloads(rows.length)} would be rejected for what usher puts into them`,
      items,
      hint: `${annotate}have the policy, quota or webhook that says so allow it: the init container usher-lock and its image, preStop sleeps, the longer grace period; or opt these pods out (usher.dev/inject: disabled)`,
    },
  ]
}

function off(feature: Feature): string {
  return `${tuning[feature]}: disabled`
}

function needed(rows: readonly Rejected[]): readonly Remark[] {
  if (rows.length === 0) return []
  return [
    {
      detail: `the new pods of ${workloads(rows.length)} would be rejected without what usher puts into them`,
      items: rows.map((row) => `${titleOf(row)}: ${row.verdict.message}`),
      hint: 'give their pod templates what is asked for (a preStop hook, a longer grace period), or change what asks for it',
    },
  ]
}

function untried(rows: readonly Row[]): readonly Remark[] {
  const those = rows.flatMap((row) => (row.verdict?.kind === 'untried' ? [`${titleOf(row)}: ${row.verdict.message}`] : []))
  if (those.length === 0) return []
  return [{ detail: `it cannot be told what would become of the new pods of ${workloads(those.length)}`, items: those, hint: 'mend what keeps their dry runs from being answered, and try again' }]
}

function anyway(rows: readonly Row[]): readonly Remark[] {
  const those = rows.flatMap((row) => (row.verdict?.kind === 'rejected-anyway' ? [`${titleOf(row)}: ${row.verdict.message}`] : []))
  if (those.length === 0) return []
  return [{ detail: `new pods of ${workloads(those.length)} are rejected as it is, whatever usher does`, items: those }]
}

function missing(rows: readonly Row[]): readonly Remark[] {
  const those = rows.flatMap((row) => (row.verdict?.kind === 'passes' && row.verdict.missing.length > 0 ? [`${titleOf(row)}: no ${row.verdict.missing.join(', no ')}`] : []))
  if (those.length === 0) return []
  return [{ detail: `new pods of ${workloads(those.length)} would get less than they should, by their dry runs`, items: those, hint: 'usher check says why (breaker, injection)' }]
}

function warnings(rows: readonly Row[]): readonly Remark[] {
  const items = rows.flatMap((row) => row.plan.warnings.map((warning) => `${titleOf(row)}: ${warning}`))
  return items.length === 0 ? [] : [{ detail: 'usher does not understand what some pods ask of it', items }]
}

/** A workload as people name it. */
export function titleOf({ candidate: { kind, name } }: Content): string {
  return `${kind} ${name}`
}

/** A number of workloads, for people. */
export function workloads(count: number): string {
  return counted(count, 'workload')
}
