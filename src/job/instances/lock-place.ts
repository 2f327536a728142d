import { dependsOnKey } from '../../depends-on/dependency.ts'
import { formatAge } from '../../units/age.ts'

/** Where a pod stands with the startup lock of its node, as the lock says it. Seconds. */
export type LockPlace =
  /** It waits for what `usher.dev/depends-on` names, and holds no permit meanwhile. */
  | { readonly kind: 'gated'; readonly waitsFor: readonly Dependency[]; readonly waitedSeconds: number; /** The way from what it waits for back to it, where it waits in a circle. */ readonly cycle?: readonly string[] }
  | {
      readonly kind: 'queued'
      /** From 1. */
      readonly position: number
      readonly waitedSeconds: number
      /** For how long it will still wait, where it said so. */
      readonly leftSeconds?: number
      /** Who starts now, as NAMESPACE/NAME; null: it has no name. */
      readonly holders: readonly { readonly pod: string | null; readonly heldSeconds: number; /** What it lacks to be ready. */ readonly lacks?: string }[]
      /** Gates of the node that are closed, and let nobody start. */
      readonly gates: readonly { readonly name: string; readonly reason: string; readonly closedSeconds: number }[]
    }
  | {
      readonly kind: 'holds'
      readonly heldSeconds: number
      /** Whether the status of its containers is not of this start, but of one before: so it is after a reboot. */
      readonly isStatusOld: boolean
    }

/** Something that a pod waits for. */
export interface Dependency {
  /** As the annotation has it: `job/db`. */
  readonly target: string
  /** What is known of it, for people; undefined: nothing. */
  readonly state?: string
  /** Until it is waited for no more, and what happens then. */
  readonly leftSeconds?: number
  readonly onTimeout?: 'proceed' | 'fail'
}

/** What the place is worth to somebody who waits, in a sentence without its end. */
export function placeWords(place: Exclude<LockPlace, { readonly kind: 'holds' }>, node: string): string {
  if (place.kind === 'gated') {
    const circle = place.cycle === undefined ? '' : `, which waits for it in turn (${place.cycle.join(', ')})`
    return `waits for ${dependencyWords(place.waitsFor)}${circle} (${dependsOnKey}); it holds no permit meanwhile`
  }
  const { position, holders, gates } = place
  const [gate, ...moreGates] = gates
  if (gate !== undefined) {
    const more = moreGates.length === 0 ? '' : ` and ${moreGates.length} more`
    return `gate ${gate.name} of ${node} has been closed for ${formatAge(gate.closedSeconds)} (${gate.reason})${more}; ${aheadWords(position)}`
  }
  const [holder, ...others] = holders
  if (holder === undefined) return `${aheadWords(position)} on ${node}`
  const lacks = holder.lacks === undefined ? '' : `, ${holder.lacks}`
  const more = others.length === 0 ? '' : ` and ${others.length} more`
  return `${holder.pod ?? 'somebody without a name'} starts now on ${node} (for ${formatAge(holder.heldSeconds)}${lacks})${more}; ${aheadWords(position)}`
}

/** `job/db (Degraded 0/1), service/redis` */
export function dependencyWords(dependencies: readonly Dependency[]): string {
  return dependencies.map(({ target, state }) => (state === undefined ? target : `${target} (${state})`)).join(', ') || 'what it depends on'
}

function aheadWords(position: number): string {
  return position <= 1 ? 'it is next' : `${position - 1} before it`
}
