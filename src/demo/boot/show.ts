import type { Paint } from '../../terminal/paint.ts'
import { type BootRun, marginPercent, type PodResult } from './compare.ts'
import type { BootOutcome } from './play.ts'
import { grantWords, secondsOf, startWords } from './words.ts'

/** Both boots side by side, and what the numbers mean. */
export function showBoot(outcome: BootOutcome, paint: Paint): string {
  const { without, with: withUsher } = outcome
  const rows = without.pods.map((result, index) => rowOf(result, withUsher.pods[index]))
  const table = [
    `${' '.repeat(28)}${'without usher'.padEnd(21)}with usher`,
    line(['pod', 'start', 'took', 'ready at', 'took', 'ready at', 'granted']),
    ...rows.map(line),
    line(['mean', '', '', inColumn(without.meanReadyMs), '', inColumn(withUsher.meanReadyMs), '']),
    line(['worst', '', '', inColumn(without.worstReadyMs), '', inColumn(withUsher.worstReadyMs), '']),
    line(['over the limit', '', failed(without), '', failed(withUsher), '', '']),
  ]
  return [
    ...table.map((text, index) => (index < 2 || index >= table.length - 3 ? paint('bold', text) : markOver(text, paint))),
    '',
    `! took more than ${100 + marginPercent} % of what it takes alone. A liveness probe that was set by trying the pod alone`,
    '  would restart it, to begin again; that is not played. Ready counts from the boot, took from the start.',
    'The demo gives leases back when a pod is ready. That stands for the watch of the pods, of a later version.',
    ...circumstances(outcome),
  ].join('\n')
}

const widths = [16, 12, 10, 11, 10, 11, 0]

function line(cells: readonly string[]): string {
  return cells
    .map((cell, column) => cell.padEnd(widths[column] ?? 0))
    .join('')
    .trimEnd()
}

/** Seconds, one below the other. */
function inColumn(ms: number): string {
  return secondsOf(ms).padStart(6)
}

function rowOf(without: PodResult, withUsher: PodResult | undefined): readonly string[] {
  const [one, other] = [without, withUsher].map((result) =>
    result === undefined ? ['', ''] : [`${inColumn(result.startMs)}${result.isOverLimit ? ' !' : ''}`, inColumn(result.readyMs)],
  )
  return [without.pod, startWords(without.start), ...(one ?? []), ...(other ?? []), grantWords(withUsher?.grant)]
}

function failed({ overLimit, pods }: BootRun): string {
  return `${overLimit} of ${pods.length}`
}

function markOver(text: string, paint: Paint): string {
  return text.replaceAll(/\d+\.\d s !/g, (found) => paint('red', found))
}

/** What makes this machine a poor stage. */
function circumstances({ cores, loadBefore, without }: BootOutcome): readonly string[] {
  const busy = without.pods.filter(({ start }) => start.kind === 'cpu').length
  const notes: string[] = []
  if (loadBefore > cores / 2) notes.push(`Other programs kept this machine busy (load ${loadBefore.toFixed(1)}): all took longer, and few cores were idle.`)
  if (cores >= busy) notes.push(`This machine has a core for each of the ${busy} pods that need one. Most nodes have not.`)
  return notes
}
