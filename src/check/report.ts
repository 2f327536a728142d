import { printable } from '../terminal/columns.ts'
import type { Paint } from '../terminal/paint.ts'
import type { Outcome } from './finding.ts'
import { countOutcomes, type Result } from './run-checks.ts'

const marks: Readonly<Record<Outcome, readonly [mark: string, color: Parameters<Paint>[0]]>> = {
  ok: ['√', 'green'],
  warning: ['‼', 'yellow'],
  failed: ['×', 'red'],
  skipped: ['-', 'gray'],
}

// All of them are in the JSON.
const shownItems = 10

/** The findings as lines for people, under the titles of their groups; and in the end how many there are of each kind. */
export function reportLines(results: readonly Result[], paint: Paint): readonly string[] {
  const width = Math.max(...results.map(({ id }) => id.length))
  const lines: string[] = []
  let group = ''
  for (const result of results) {
    if (result.group !== group) {
      group = result.group
      lines.push(...(lines.length === 0 ? [] : ['']), paint('bold', group))
    }
    lines.push(...linesOf(result, width, paint))
  }
  const counts = countOutcomes(results)
  const parts = (['failed', 'warning', 'ok', 'skipped'] as const).filter((outcome) => counts[outcome] > 0).map((outcome) => `${counts[outcome]} ${nouns(outcome, counts[outcome])}`)
  return [...lines, '', parts.join(', ')]
}

function linesOf({ id, outcome, detail, hint, items = [], docs }: Result, width: number, paint: Paint): readonly string[] {
  const [mark, color] = marks[outcome]
  const indent = ' '.repeat(width + 6)
  const isWrong = outcome === 'failed' || outcome === 'warning'
  const more = items.length > shownItems ? [`… and ${items.length - shownItems} more (-o json has them)`] : []
  return [
    `  ${paint(color, mark)} ${id.padEnd(width)}  ${printable(detail)}`,
    ...[...items.slice(0, shownItems).map(printable), ...more].map((item) => `${indent}${item}`),
    ...(isWrong && hint !== undefined ? [`${indent}${paint('cyan', `to mend it: ${printable(hint)}`)}`] : []),
    ...(isWrong ? [`${indent}${paint('gray', docs)}`] : []),
  ]
}

function nouns(outcome: Outcome, count: number): string {
  return outcome === 'warning' && count !== 1 ? 'warnings' : outcome
}
