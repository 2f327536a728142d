import type { InspectColor } from 'node:util'
import type { Paint } from '../../terminal/paint.ts'
import type { PodChange } from './kubelet.ts'
import type { Grant } from './lock-client.ts'
import type { BootPod, StartKind } from './pods.ts'
import { aheadWords, grantWords, secondsOf, startWords } from './words.ts'

/** Where a pod stands; times in milliseconds since the boot. */
export interface Row {
  readonly pod: string
  readonly start: StartKind
  readonly phase: 'booting' | 'waiting' | 'starting' | 'ready'
  readonly ahead?: number | undefined
  readonly grant?: Grant | undefined
  readonly startedAt?: number
  readonly readyAt?: number
}

/** The rows of a boot that begins. */
export function rowsOf(pods: readonly BootPod[]): readonly Row[] {
  return pods.map(({ name, start }) => ({ pod: name, start, phase: 'booting' }))
}

/** The rows after a change. */
export function withChange(rows: readonly Row[], change: PodChange): readonly Row[] {
  return rows.map((row) => (row.pod === change.pod ? changed(row, change) : row))
}

function changed(row: Row, change: PodChange): Row {
  const { kind, at } = change
  if (kind === 'waiting') return { ...row, phase: 'waiting', ahead: change.ahead }
  if (kind === 'moved') return row.phase === 'waiting' ? { ...row, ahead: change.ahead } : row
  if (kind === 'starting') return { ...row, phase: 'starting', startedAt: at, grant: change.grant }
  return { ...row, phase: 'ready', readyAt: at }
}

/** A piece of a line, in one colour. */
type Piece = readonly [InspectColor, string]

/** The table as lines, none of them wider than `width`: the last columns go first. */
export function drawTable(title: string, rows: readonly Row[], now: number, width: number, paint: Paint): readonly string[] {
  const hasLock = rows.some(({ grant, phase }) => grant !== undefined || phase === 'waiting')
  const columns = rows.map((row): readonly Piece[] => [
    ['reset', `  ${row.pod.padEnd(10)}${startWords(row.start).padEnd(12)}`],
    [colorOf(row.phase), stateOf(row, now).padEnd(17)],
    ['gray', hasLock ? (row.grant === undefined ? '' : grantWords(row.grant)).padEnd(16) : ''],
  ])
  const taken = Math.max(...columns.map((pieces) => pieces.reduce((sum, [, text]) => sum + text.length, 0)))
  const cells = Math.max(0, width - taken)
  const lines = columns.map((pieces, index) => [...pieces, ...barOf(rows[index], now, cells)])
  return [[['bold', `Boot ${title}`] as const, ['gray', `  ${secondsOf(now)}`] as const], ...lines].map((pieces) => fit(pieces, width, paint))
}

function colorOf(phase: Row['phase']): InspectColor {
  if (phase === 'ready') return 'green'
  return phase === 'starting' ? 'yellow' : 'gray'
}

function stateOf({ phase, ahead, startedAt = 0, readyAt = 0 }: Row, now: number): string {
  if (phase === 'booting') return ''
  if (phase === 'waiting') return ahead === undefined ? 'waiting' : `waiting, ${aheadWords(ahead)}`
  if (phase === 'starting') return `starting ${secondsOf(Math.max(0, now - startedAt))}`
  return `ready at ${secondsOf(readyAt)}`
}

const finestCellMs = 250

/** Its wait as dots, its start as a bar: a cell is as much time as makes all of it fit. */
function barOf(row: Row | undefined, now: number, cells: number): readonly Piece[] {
  if (row === undefined || cells < 10) return []
  let cellMs = finestCellMs
  while (now / cellMs > cells) cellMs *= 2
  const startedAt = Math.min(row.startedAt ?? now, now)
  const endedAt = Math.min(row.readyAt ?? now, now)
  const waited = Math.round(startedAt / cellMs)
  const started = row.startedAt === undefined ? 0 : Math.max(1, Math.round(endedAt / cellMs) - waited)
  return [
    ['gray', '.'.repeat(waited)],
    [row.phase === 'ready' ? 'green' : 'yellow', '#'.repeat(started)],
  ]
}

function fit(pieces: readonly Piece[], width: number, paint: Paint): string {
  let left = width
  return pieces
    .map(([color, text]) => {
      const shown = text.slice(0, Math.max(0, left))
      left -= shown.length
      return shown === '' || color === 'reset' ? shown : paint(color, shown)
    })
    .join('')
}
