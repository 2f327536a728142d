import { structuredPatch } from 'diff'
import { stringify } from 'yaml'
import type { Reason } from '../inject/reasons.ts'
import { type Paint, paintDiffLine } from '../terminal/paint.ts'
import { showReason } from '../terminal/reason.ts'
import type { Json } from '../units/json.ts'
import type { Outcome } from './admission.ts'
import type { ProgramsOutcome } from './programs.ts'

/** What happened to one example: what changed, as a diff of the pod, and why. */
export function showOutcome(outcome: Outcome, paint: Paint): string {
  const { example, reasons, warnings } = outcome
  return [
    paint('bold', `${example.kind} ${example.namespace}/${example.name}`) + paint('gray', `  ${example.file}`),
    ...reasons.map((reason) => `  ${showReason(reason, paint)}`),
    ...warnings.map((warning) => `  ${paint('yellow', `warning: ${warning}`)}`),
    ...showDiff(outcome.before, outcome.after, paint).map((line) => `    ${line}`),
    '',
  ].join('\n')
}

/** A unified diff of two pods as YAML, without its header; empty where they are the same. */
export function showDiff(before: Json, after: Json, paint: Paint): string[] {
  const { hunks } = structuredPatch('', '', print(before), print(after), '', '', { context: 2 })
  return hunks
    .flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
      `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`,
      ...lines,
    ])
    .map((line) => paintDiffLine(line, paint))
}

function print(pod: Json): string {
  return stringify(pod, { lineWidth: 0, aliasDuplicateObjects: false })
}

/** All examples at a glance. */
export function showSummary(outcomes: readonly Outcome[], paint: Paint): string {
  const rows = outcomes.map(({ example, reasons }) => [
    `${example.kind} ${example.name}`,
    codesOf(reasons, 'nap'),
    codesOf(reasons, 'lock'),
  ])
  const widths = [0, 1].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)))
  const lines = [['workload', 'nap', 'lock'], ...rows].map((row) =>
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join('   ').trimEnd(),
  )
  return [paint('bold', lines[0] ?? ''), ...lines.slice(1), ''].join('\n')
}

/** What the programs said that run inside the pods. */
export function showPrograms(outcome: ProgramsOutcome, paint: Paint): string {
  if (outcome.kind === 'skipped') return `The programs that run inside pods, and the boot of a node with them, were left out: ${outcome.reason}.`
  return [
    paint('bold', 'Inside the pods, before SIGTERM, the preStop hook naps:'),
    ...outcome.runs.flatMap(({ command, lines, code }) => [
      `  ${paint('cyan', `$ ${command}`)}`,
      ...lines.map((line) => `  ${line}`),
      paint('gray', `  ended with ${code}`),
    ]),
  ].join('\n')
}

function codesOf(reasons: readonly Reason[], feature: 'nap' | 'lock'): string {
  return reasons
    .filter((reason) => reason.feature === undefined || reason.feature === feature)
    .map(({ code }) => code)
    .join(',')
}
