import type { ReleaseCause } from '../queue/decisions.ts'
import type { HolderState, StartState } from '../state-view.ts'
import type { ContainersView } from '../turn-view.ts'
import { type Html, html } from './html.ts'

/** Why somebody was granted the lock, for people. */
export const grantWords: Readonly<Record<StartState['grant'], string>> = {
  floor: 'a permit was free',
  'idle-core': 'a core was idle',
  overdue: 'its own wait was nearly over',
}

/** Why a lease has ended, for people. */
export const causeWords: Readonly<Record<ReleaseCause, string>> = {
  ready: 'ready',
  'given-back': 'given back',
  'blind-hold': 'started, has no probes',
  'lease-end': 'its time was over',
  gone: 'the pod is gone',
  unclaimed: 'nobody came for it',
  'crash-loop': 'crash-looped, others waited',
}

/** What ends a turn, for people. */
export const untilWords: Readonly<Record<HolderState['until'], string>> = {
  ready: 'turn ends when all are ready',
  started: 'no probes: turn ends soon after its start',
  'blind-hold': 'started, no probes: turn ends soon',
  'lease-end': 'turn ends by time',
}

/** How far the containers of a pod are: `1/2 ready, web: readiness probe`. */
export function containersWords({ ready, total, lacks }: ContainersView): string {
  return `${ready}/${total} ready${lacks === undefined ? '' : `, ${lacks}`}`
}

/** A pod's name; one that is not known has none. */
export function podWords(pod: string | null): string {
  return pod ?? 'unnamed client'
}

/** The same as an element of its own, so that no name changes the direction of what stands beside it. */
export function podName(pod: string | null): Html {
  return pod === null ? html`<span class="unnamed">${podWords(pod)}</span>` : html`<bdi>${pod}</bdi>`
}

/** A span for people, such as `3.2 s`, `48 s`, `2 min 5 s` or `1 h 20 min`. */
export function spanWords(seconds: number): string {
  if (seconds < 9.95) return `${Math.round(seconds * 10) / 10} s`
  const whole = Math.round(seconds)
  if (whole < 60) return `${whole} s`
  if (whole < 3_600) return pair(whole, 60, 'min', 's')
  return pair(Math.round(whole / 60), 60, 'h', 'min')
}

function pair(amount: number, size: number, large: string, small: string): string {
  const rest = amount % size
  return `${Math.floor(amount / size)} ${large}${rest === 0 ? '' : ` ${rest} ${small}`}`
}

/** A span as an element that programs can read. */
export function span(seconds: number): Html {
  return html`<time datetime="${`PT${seconds}S`}">${spanWords(seconds)}</time>`
}

/** The time of day, `16:22:38`, in UTC. */
export function clockWords(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19)
}

/** A moment as an element that programs can read. */
export function clock(ms: number): Html {
  return html`<time datetime="${new Date(ms).toISOString()}">${clockWords(ms)}</time>`
}

/** `1 pod`, `2 pods`. */
export function count(amount: number, one: string, more = `${one}s`): string {
  return `${amount} ${amount === 1 ? one : more}`
}
