import { columns, printable } from '../terminal/columns.ts'
import type { Paint } from '../terminal/paint.ts'
import type { Reason } from '../inject/reasons.ts'
import { type PodCount, sumOf } from './content.ts'
import type { NamespaceState } from './namespace-state.ts'
import { type Remark, type Remarks, type Row, workloads } from './obstacles.ts'
import { type Effect, isChange, type Plan } from './plan.ts'
import type { Verdict } from './trial.ts'

/** What a change of a namespace's label comes to, before it is made. */
export interface Report extends Remarks {
  readonly namespace: string
  readonly from: NamespaceState
  readonly to: NamespaceState
  /** Whether what the pods gain is what they would, were usher on: audit mode puts nothing in. */
  readonly isHypothetical: boolean
  readonly rows: readonly Row[]
}

// All of them are in the JSON.
const shownRows = 200
const shownItems = 10

/** The report as lines for people. */
export function reportLines(report: Report, paint: Paint): readonly string[] {
  const { rows } = report
  const shown = [...rows].toSorted((left, right) => weightOf(right) - weightOf(left)).slice(0, shownRows)
  const table = columns([
    ['KIND', 'NAME', 'PODS', 'NEW PODS', 'DRY RUN'],
    ...shown.map(({ candidate, pods, plan, verdict }) => [candidate.kind, candidate.name, podsText(pods), changeText(plan), verdictText(verdict)]),
  ])
  return [
    ...(rows.length === 0 ? [] : [...table, ...(rows.length > shownRows ? [`… and ${rows.length - shownRows} more (-o json has them)`] : []), '']),
    ...summary(report),
    ...report.notes.flatMap((note) => ['', ...remarkLines(note, paint('yellow', '‼'), paint)]),
    ...report.obstacles.flatMap((obstacle) => ['', ...remarkLines(obstacle, paint('red', '×'), paint)]),
  ]
}

/** What is refused first, then what changes. */
function weightOf({ plan, verdict }: Row): number {
  if (verdict !== undefined && verdict.kind !== 'passes') return 2
  return isChange(plan) ? 1 : 0
}

function summary({ namespace, from, to, isHypothetical, rows }: Report): readonly string[] {
  if (rows.length === 0) return [`Nothing in namespace ${namespace} makes pods, and none run there.`]
  const changed = rows.filter(({ plan }) => isChange(plan)).length
  const losing = rows.filter(({ plan }) => plan.change === 'loses').length
  const { running, injected } = sumOf(rows.map(({ pods }) => pods))
  const what = isHypothetical
    ? `In namespace ${namespace}, new pods of ${changed - losing} of ${workloads(rows.length)} would get something, were usher on; in audit mode none does${losing === 0 ? '' : `, and those of ${losing}, which opt in themselves, no longer do`}.`
    : `In namespace ${namespace}, new pods of ${changed} of ${workloads(rows.length)} change (usher.dev/inject: ${labelText(from)} → ${labelText(to)}).`
  const carriers = injected === 0 ? 'none' : String(injected)
  const pods = running === 0 ? 'No pods run there.' : `Pods that run stay as they are until they are made anew: ${running}, of which ${carriers} ${injected === 1 ? 'carries' : 'carry'} what usher puts in.`
  return [what, pods]
}

function labelText(state: NamespaceState): string {
  return state === 'none' ? 'not set' : state
}

function podsText({ running, injected }: PodCount): string {
  return injected === 0 ? String(running) : `${running}, ${injected} injected`
}

/** What changes for the pods, or why nothing does: the codes of docs/reasons.md. */
export function changeText({ change, effect, reasons }: Plan): string {
  if (effect === undefined) return codesOf(reasons)
  if (change === 'keeps') return 'as now, by the label of its pods'
  const { nap, grace, lock } = effect
  const sign = change === 'gains' ? '+' : '-'
  const [from, to] = change === 'gains' ? [grace?.without, grace?.with] : [grace?.with, grace?.without]
  return [...(lock ? [`${sign}lock`] : []), ...(nap === undefined ? [] : [`${sign}nap ${nap.seconds}s in ${few(nap.containers)}, grace ${from}s → ${to}s`]), ...leftOut(effect, reasons)].join('; ')
}

function leftOut({ nap, lock }: Effect, reasons: readonly Reason[]): readonly string[] {
  const of = (feature: 'nap' | 'lock'): string => codesOf(reasons.filter((reason) => reason.feature === feature))
  return [...(lock ? [] : [`no lock: ${of('lock')}`]), ...(nap === undefined ? [`no nap: ${of('nap')}`] : [])]
}

function codesOf(reasons: readonly Reason[]): string {
  return [...new Set(reasons.map(({ code }) => code))].join(', ')
}

const shownContainers = 3

function few(names: readonly string[]): string {
  const more = names.length - shownContainers
  return `${names.slice(0, shownContainers).join(', ')}${more > 0 ? ` and ${more} more` : ''}`
}

const verdictTexts: Readonly<Record<Verdict['kind'], string>> = {
  passes: 'passes',
  rejected: 'REJECTED',
  'rejected-anyway': 'rejected as it is',
  untried: 'not told',
}

function verdictText(verdict: Verdict | undefined): string {
  if (verdict === undefined) return '-'
  const text = verdictTexts[verdict.kind]
  return verdict.kind === 'passes' && verdict.missing.length > 0 ? `${text}, without ${verdict.missing.join(' and ')}` : text
}

function remarkLines({ detail, items = [], hint }: Remark, mark: string, paint: Paint): readonly string[] {
  const more = items.length > shownItems ? [`… and ${items.length - shownItems} more (-o json has them)`] : []
  return [
    `${mark} ${printable(detail)}`,
    ...[...items.slice(0, shownItems).map(printable), ...more].map((item) => `    ${item}`),
    ...(hint === undefined ? [] : [`    ${paint('cyan', `to mend it: ${printable(hint)}`)}`]),
  ]
}

/** The report for machines. */
export function toJson({ namespace, from, to, isHypothetical, rows, obstacles, notes }: Report): object {
  return {
    namespace,
    from,
    to,
    isHypothetical,
    pods: sumOf(rows.map(({ pods }) => pods)),
    workloads: rows.map(({ candidate: { kind, name, source }, pods, plan: { change, effect, reasons, warnings }, verdict }) => ({
      kind,
      name,
      source,
      pods,
      change,
      ...effect,
      reasons,
      warnings,
      ...(verdict === undefined ? {} : { dryRun: verdict }),
    })),
    obstacles,
    notes,
  }
}
