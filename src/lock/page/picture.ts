import type { StateView } from '../state-view.ts'
import { type Content, type Html, html } from './html.ts'
import { section } from './sections.ts'
import { startsTable } from './starts-table.ts'
import { type Bar, type BarKind, type Timeline, type TimelineRow, ticksOf, timelineOf } from './timeline.ts'
import { causeWords, clock, clockWords, count, grantWords, podWords, spanWords } from './words.ts'

// The picture is as wide as there is room: what is horizontal is in percent, and letters keep their size. Where it is
// narrow, the style moves the names above the bars.
const axisHeight = 24
const rowHeight = 26
const heights: Readonly<Record<BarKind, number>> = { waiting: 4, holding: 14, ready: 6, expired: 6, gone: 14 }
const goneWidth = 3
// What is shorter, or has only begun, is seen nevertheless.
const leastWidth = 0.3
const mostStart = 100 - leastWidth
// As many letters as have room beside the bars.
const shownLetters = 38
// Nearer to an edge, the middle of a label would put its end out of sight.
const labelMargin = 9

const legend: Readonly<Record<BarKind, string>> = {
  waiting: 'waits',
  holding: 'holds the lock',
  ready: 'ready',
  expired: 'lease over, not said to be ready',
  gone: 'gone',
}

/** The last hour: a picture, and the same as a table. */
export function lastHourSection(state: StateView): Html {
  const timeline = timelineOf(state)
  const startedAt = Date.parse(state.startedAt)
  const isYoung = Date.parse(state.now) - startedAt < 3_600_000
  const scope = html`<p class="nothing">No starts ${isYoung ? html`since this service started at ${clock(startedAt)} UTC` : 'in the last hour'}.</p>`
  if (timeline.rows.length === 0) return section('last-hour', 'Last hour', scope)
  return section('last-hour', 'Last hour', [
    html`<p class="scope">${clock(timeline.from)} to ${clock(timeline.to)} UTC; the newest on top.</p>`,
    legendOf(timeline),
    picture(timeline),
    moreRows(timeline),
    html`<details id="as-table"><summary id="as-table-summary">The same as a table</summary>${startsTable(timeline)}</details>`,
  ])
}

function legendOf({ rows }: Timeline): Html {
  const shown = new Set(rows.flatMap(({ bars }) => bars.map(({ kind }) => kind)))
  const key = (kind: BarKind): Content =>
    shown.has(kind) &&
    html`<li><svg class="key" width="${keyWidth(kind)}" height="14" aria-hidden="true">${rect(kind, '0', '100%', 7)}</svg> ${legend[kind]}</li>\n`
  return html`<ul class="legend">${(['waiting', 'holding', 'ready', 'expired', 'gone'] as const).map(key)}</ul>`
}

function keyWidth(kind: BarKind): number {
  return kind === 'gone' ? goneWidth : 22
}

/** Names and bars are pictures of their own, so that the style can put them beside or above each other. */
function picture(timeline: Timeline): Html {
  const { rows, from, to } = timeline
  const height = axisHeight + rows.length * rowHeight
  const description = `${count(rows.length, 'row')} from ${clockWords(from)} to ${clockWords(to)} UTC: for how long each waited, held the lock, and is ready. The table below says the same.`
  return html`<div class="timeline">
<svg class="labels" aria-hidden="true" width="100%" height="${height}">
${rows.map(({ pod }, index) => html`<text x="0" y="${middleOf(index) + 4}">${shorten(podWords(pod))}</text>\n`)}</svg>
<svg class="bars" role="img" aria-labelledby="timeline-title timeline-description" width="100%" height="${height}">
<title id="timeline-title">Starts over time</title>
<desc id="timeline-description">${description}</desc>
${drawAxis(timeline)}${rows.map((row, index) => drawRow(row, index, timeline))}</svg>
</div>`
}

function middleOf(index: number): number {
  return axisHeight + index * rowHeight + rowHeight / 2
}

function drawAxis(timeline: Timeline): readonly Html[] {
  const ticks = ticksOf(timeline)
  const isWhole = ticks.every((tick) => tick % 60_000 === 0)
  return ticks.map((tick) => {
    const x = percent(tick, timeline)
    const anchor = x < labelMargin ? 'start' : x > 100 - labelMargin ? 'end' : 'middle'
    const label = isWhole ? clockWords(tick).slice(0, 5) : clockWords(tick)
    return html`<line class="grid" x1="${x}%" x2="${x}%" y1="${axisHeight - 4}" y2="100%"/><text class="tick" x="${x}%" y="14" text-anchor="${anchor}">${label}</text>\n`
  })
}

function drawRow(row: TimelineRow, index: number, timeline: Timeline): Html {
  const middle = middleOf(index)
  return html`<g class="row"><title>${sentence(row)}</title><rect class="band" y="${middle - rowHeight / 2}" width="100%" height="${rowHeight}"/>${row.bars.map((bar) => drawBar(bar, middle, timeline))}</g>
`
}

function drawBar({ kind, from, to }: Bar, middle: number, timeline: Timeline): Html {
  const x = Math.min(percent(from, timeline), mostStart)
  if (kind === 'gone') return rect(kind, `${x}%`, String(goneWidth), middle)
  const width = Math.round((percent(to, timeline) - x) * 1_000) / 1_000
  return rect(kind, `${x}%`, width <= leastWidth ? '2' : `${width}%`, middle)
}

function rect(kind: BarKind, x: string, width: string, centre: number): Html {
  const height = heights[kind]
  return html`<rect class="${`bar ${kind}`}" x="${x}" y="${centre - height / 2}" width="${width}" height="${height}"/>`
}

function percent(time: number, { from, to }: Timeline): number {
  return Math.round(((time - from) / (to - from)) * 100_000) / 1_000
}

/** Leaves out the middle: pods of one workload differ at their end. */
function shorten(name: string): string {
  const letters = Array.from(name)
  if (letters.length <= shownLetters) return name
  const half = (shownLetters - 1) / 2
  return `${letters.slice(0, Math.ceil(half)).join('')}…${letters.slice(-Math.floor(half)).join('')}`
}

/** What a row shows, in words. */
function sentence({ pod, arrivedAt, grantedAt, endedAt, cause, grant, bars }: TimelineRow): string {
  const came = `${podWords(pod)}: came at ${clockWords(arrivedAt)} UTC`
  if (grantedAt === undefined || grant === undefined) return `${came}, waits${lengthOf(bars, 'waiting')}`
  const held = `${came}, waited ${spanWords((grantedAt - arrivedAt) / 1_000)}, granted because ${grantWords[grant]}`
  if (endedAt === undefined || cause === undefined) return `${held}, holds the lock${lengthOf(bars, 'holding')}`
  return `${held}, held the lock for ${spanWords((endedAt - grantedAt) / 1_000)}, ended: ${causeWords[cause]}`
}

function lengthOf(bars: readonly Bar[], kind: BarKind): string {
  const bar = bars.find((each) => each.kind === kind)
  return bar === undefined ? '' : ` for ${spanWords((bar.to - bar.from) / 1_000)}`
}

function moreRows({ more: { waiting, starts } }: Timeline): Html | undefined {
  const parts = [waiting > 0 && `${waiting} more who wait`, starts > 0 && count(starts, 'earlier start')].filter((part) => part !== false)
  return parts.length === 0 ? undefined : html`<p class="more">and ${parts.join(', and ')}, not drawn</p>`
}
