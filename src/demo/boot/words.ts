import type { Grant } from './lock-client.ts'
import type { StartKind } from './pods.ts'

// The words of the boot, for people.

export function startWords({ kind, seconds }: StartKind): string {
  return `${seconds} s ${kind === 'cpu' ? 'CPU' : 'idle'}`
}

const grants: Readonly<Record<Grant, string>> = {
  floor: 'its turn',
  'idle-core': 'a core is idle',
  overdue: 'its wait is over',
}

/** Why a pod may start. */
export function grantWords(grant: Grant | undefined): string {
  return grant === undefined ? 'no lock' : grants[grant]
}

export function aheadWords(ahead: number): string {
  return ahead === 0 ? 'next' : `${ahead} ahead`
}

/** `4.2 s`. */
export function secondsOf(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`
}
