import { targetText } from '../../depends-on/dependency.ts'
import type { DependencyState } from './assess.ts'

/** How many are named in a line; the document of a 423 has all of them. */
const shown = 2

/**
 * For the line of usher-wait, which shows 200 bytes of it: `waiting for service/redis (0 of 2 endpoints ready, 12 s)`.
 *
 * @param cycle the way from what is waited for back to the pod; undefined: none is known.
 */
export function waitingDetail(states: readonly DependencyState[], waitedMs: number, cycle: readonly string[] | undefined): string {
  const waited = states.filter(({ state }) => state === 'waiting')
  const names = waited.slice(0, shown).map(({ dependency, reason }) => `${targetText(dependency.target)} (${reason})`)
  const more = waited.length > shown ? ` and ${waited.length - shown} more` : ''
  const circle = cycle === undefined ? '' : `; that waits for this pod, in a cycle: ${cycle.join(', ')}`
  return `waiting for ${names.join(', ')}${more}, ${seconds(waitedMs)}${circle}`
}

/** What is said of those without which a pod goes on: `goes on without service/redis (0 of 2 endpoints ready, timed out after 600 s)`. */
export function goesOnDetail(states: readonly DependencyState[]): string {
  return `goes on without ${list(without(states))}`
}

/** Why an init container is to fail: `service/redis (0 of 2 endpoints ready, timed out after 600 s)`. */
export function failedDetail(states: readonly DependencyState[]): string {
  return list(states.filter(({ state, dependency }) => state === 'timed-out' && dependency.onTimeout === 'fail'))
}

/** Those that somebody does not wait for any more though they are not known to be healthy. */
export function without(states: readonly DependencyState[]): readonly DependencyState[] {
  return states.filter(({ state }) => state === 'timed-out' || state === 'not-judged')
}

function list(states: readonly DependencyState[]): string {
  const names = states.slice(0, shown).map(({ dependency: { target, timeoutSeconds }, state, reason }) => {
    const timeout = state === 'timed-out' ? `, timed out after ${timeoutSeconds} s` : ''
    return `${targetText(target)} (${reason}${timeout})`
  })
  return `${names.join(', ')}${states.length > shown ? ` and ${states.length - shown} more` : ''}`
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1_000))} s`
}
