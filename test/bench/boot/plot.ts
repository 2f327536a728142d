import { median } from '../support/figures.ts'
import type { BootRecord } from './boot-record.ts'
import { type ModeName, modeNames, modes, type VariantName, variantNames, variants } from './plan.ts'

const panel = { width: 420, height: 250, left: 44, top: 64, gap: 56 }
const legend = { top: 52, rowHeight: 20, columns: 3 }

/** A colour for light and for dark pages, and a pattern for who cannot tell them apart. */
const strokes: Readonly<Record<ModeName, { readonly light: string; readonly dark: string; readonly dashes: string }>> = {
  plain: { light: '#c2410c', dark: '#fb923c', dashes: '6 3' },
  timer: { light: '#6b7280', dark: '#9ca3af', dashes: '2 3' },
  strict1: { light: '#1d4ed8', dark: '#93c5fd', dashes: '10 3' },
  strict2: { light: '#7e22ce', dark: '#d8b4fe', dashes: '10 3 2 3' },
  work: { light: '#047857', dark: '#34d399', dashes: 'none' },
}

/** Draws how many pods were Ready at which time, a panel for each variant: SVG, made of the raw data alone. */
export function plotBoots(boots: readonly BootRecord[]): string {
  const shown = variantNames.filter((variant) => boots.some((boot) => boot.variant === variant))
  const used = modeNames.filter((mode) => boots.some((boot) => boot.mode === mode))
  const width = panel.left + shown.length * (panel.width + panel.gap)
  const height = panel.top + panel.height + legend.top + Math.ceil(used.length / legend.columns) * legend.rowHeight
  const lines = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="title desc">`,
    '<title id="title">Pods that are Ready after the boot of a node</title>',
    `<desc id="desc">${escaped(describe(boots))}</desc>`,
    `<style>${style(used)}</style>`,
    '<text class="head" x="4" y="20">Pods that are Ready after the boot of their node</text>',
    ...shown.flatMap((variant, index) => drawPanel(boots.filter((boot) => boot.variant === variant), variant, panel.left + index * (panel.width + panel.gap))),
    ...used.flatMap((mode, index) => drawKey(mode, index)),
    '</svg>',
  ]
  return `${lines.join('\n')}\n`
}

function drawPanel(boots: readonly BootRecord[], variant: VariantName, left: number): readonly string[] {
  const pods = Math.max(...boots.map((boot) => boot.pods.length))
  const endMs = Math.max(...boots.map(({ allReadyMs, boundSeconds }) => allReadyMs ?? boundSeconds * 1_000))
  const step = [10, 20, 30, 60].find((seconds) => endMs / 1_000 / seconds <= 8) ?? 120
  const seconds = Math.ceil(endMs / 1_000 / step) * step
  const x = (ms: number): number => round(left + (ms / 1_000 / seconds) * panel.width)
  const y = (count: number): number => round(panel.top + panel.height * (1 - count / pods))
  const bottom = panel.top + panel.height
  const marks = Array.from({ length: seconds / step + 1 }, (_, index) => index * step)
  const counts = [0, Math.round(pods / 2), pods]
  return [
    `<text class="title" x="${left}" y="${panel.top - 14}">${escaped(variants[variant].title)}</text>`,
    ...counts.map((count) => `<path class="grid" d="M${left} ${y(count)}H${left + panel.width}"/><text class="right" x="${left - 6}" y="${y(count) + 4}">${count}</text>`),
    ...marks.map((mark) => `<path class="grid" d="M${x(mark * 1_000)} ${bottom}v4"/><text class="middle" x="${x(mark * 1_000)}" y="${bottom + 18}">${mark}${mark === seconds ? ' s' : ''}</text>`),
    ...modeNames.flatMap((mode) => drawMode(boots.filter((boot) => boot.mode === mode), mode, x, y)),
  ]
}

/** Every round as a thin line, and the one in the middle as a thick one. */
function drawMode(boots: readonly BootRecord[], mode: ModeName, x: (ms: number) => number, y: (count: number) => number): readonly string[] {
  const chosen = middleOf(boots)
  return boots
    .toSorted((left, right) => Number(left === chosen) - Number(right === chosen))
    .map((boot) => `<path class="line ${mode}${boot === chosen ? '' : ' thin'}" d="${stepsOf(boot, x, y)}"/>`)
}

function stepsOf({ pods, allReadyMs, boundSeconds }: BootRecord, x: (ms: number) => number, y: (count: number) => number): string {
  const times = pods.flatMap(({ readyMs }) => readyMs ?? []).toSorted((left, right) => left - right)
  const steps = times.map((ms, index) => `H${x(ms)}V${y(index + 1)}`).join('')
  // One that never came up goes on to the end of the time for which it was watched.
  return `M${x(0)} ${y(0)}${steps}${allReadyMs === undefined ? `H${x(boundSeconds * 1_000)}` : ''}`
}

/** The round whose mean is nearest to the median of all rounds' means. */
function middleOf(boots: readonly BootRecord[]): BootRecord | undefined {
  const middle = median(boots.map(meanOf))
  return boots.toSorted((left, right) => Math.abs(meanOf(left) - middle) - Math.abs(meanOf(right) - middle))[0]
}

function meanOf({ pods, boundSeconds }: BootRecord): number {
  return pods.reduce((sum, { readyMs = boundSeconds * 1_000 }) => sum + readyMs, 0) / pods.length
}

function drawKey(mode: ModeName, index: number): readonly string[] {
  const x = panel.left + (index % legend.columns) * 260
  const y = panel.top + panel.height + legend.top + Math.floor(index / legend.columns) * legend.rowHeight - 8
  return [`<path class="line ${mode}" d="M${x} ${y}h36"/><text x="${x + 44}" y="${y + 4}">${escaped(modes[mode].title)}</text>`]
}

function style(used: readonly ModeName[]): string {
  const colours = (kind: 'light' | 'dark'): string => used.map((mode) => `.${mode}{stroke:${strokes[mode][kind]}}`).join('')
  return [
    'text{font:12px system-ui,sans-serif;fill:#1f2937}.head{font-size:15px;font-weight:600}.title{font-weight:600}',
    '.right{text-anchor:end}.middle{text-anchor:middle}.grid{stroke:#9ca3af;stroke-width:.6;fill:none}',
    '.line{fill:none;stroke-width:2.2;stroke-linejoin:round}.thin{stroke-width:1;opacity:.45}',
    ...used.map((mode) => `.${mode}{stroke-dasharray:${strokes[mode].dashes}}`),
    colours('light'),
    `@media (prefers-color-scheme:dark){text{fill:#e5e7eb}.grid{stroke:#6b7280}${colours('dark')}}`,
  ].join('')
}

/** In words, for who does not see it. */
function describe(boots: readonly BootRecord[]): string {
  return variantNames
    .flatMap((variant) => {
      const own = modeNames.flatMap((mode) => {
        const boot = middleOf(boots.filter((each) => each.variant === variant && each.mode === mode))
        return boot === undefined ? [] : [`${modes[mode].title}: ${endOf(boot)}`]
      })
      return own.length === 0 ? [] : [`${variants[variant].title}: ${own.join('; ')}.`]
    })
    .join(' ')
}

function endOf({ allReadyMs, pods, boundSeconds }: BootRecord): string {
  if (allReadyMs !== undefined) return `all ${pods.length} after ${Math.round(allReadyMs / 1_000)} s`
  return `${pods.filter(({ readyMs }) => readyMs !== undefined).length} of ${pods.length} after ${boundSeconds} s`
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
