import { columns } from '../terminal/columns.ts'
import { counted } from '../terminal/counted.ts'
import { formatAge } from '../units/age.ts'
import type { Hang } from './hang.ts'
import { nameOfOwner, type Rescue } from './plan.ts'
import { renewalOf, type Successor } from './successor.ts'

/** A pod that hangs, and what is to be done with it. */
export interface Planned {
  readonly hang: Hang
  readonly rescue: Rescue
}

/** What has become of one. */
export interface Outcome extends Planned {
  /** `would-free`: in a dry run; `left`: nothing was to be done, or nobody has agreed. */
  readonly outcome: 'freed' | 'would-free' | 'failed' | 'left'
  /** In words. */
  readonly detail: string
}

const heads = ['POD', 'NODE', 'SINCE', 'WHY', 'RESCUE']

/** The pods under a line of heads, and below them why nothing is to be done with some. */
export function planLines(planned: readonly Planned[], nowMs: number): readonly string[] {
  const left = planned.flatMap(({ hang, rescue }) => (rescue.kind === 'none' ? [[hang.pod, rescue.why]] : []))
  return [
    ...columns([heads, ...planned.map(({ hang, rescue }) => [hang.pod, hang.node, formatAge((nowMs - hang.sinceMs) / 1_000), hang.why, cellOf(rescue)])]),
    ...(left.length === 0 ? [] : ['', ...columns(left)]),
  ]
}

function cellOf(rescue: Rescue): string {
  if (rescue.kind === 'none') return 'none (see below)'
  if (rescue.kind === 'image') return `image ${rescue.image}${rescue.isOnNode ? ', which runs on its node' : ''}`
  return `delete; ${renewalWords(rescue)}`
}

function renewalWords({ owner, successor }: Extract<Rescue, { readonly kind: 'delete' }>): string {
  const renewal = renewalOf(owner)
  if (renewal === 'unknown') return `whether ${nameOfOwner(owner)} makes it anew is not known`
  return `${nameOfOwner(owner)} ${renewal === 'counts' ? 'counts that as a failure, and may make' : 'makes'} it anew${successorWords(successor)}`
}

function successorWords(successor: Successor | undefined): string {
  if (successor === undefined) return ''
  if (successor.kind === 'without') return ', without the lock'
  if (successor.kind === 'with') return `, with usher-lock of ${successor.image}`
  return `; whether with the lock is not known (${successor.why})`
}

/** What is asked for, without a mark; undefined: nothing can be done. */
export function questionOf(planned: readonly Planned[], title: string): string | undefined {
  const images = planned.filter(({ rescue }) => rescue.kind === 'image').length
  const deletions = planned.filter(({ rescue }) => rescue.kind === 'delete').length
  const parts = [
    ...(images === 0 ? [] : [`change the image of usher-lock in ${pods(images)}`]),
    ...(deletions === 0 ? [] : [`delete ${pods(deletions)}`]),
  ]
  if (parts.length === 0) return undefined
  const text = parts.join(', and ')
  return `${text.slice(0, 1).toUpperCase()}${text.slice(1)} (${title})`
}

/** A line for each pod, and a sum. */
export function outcomeLines(outcomes: readonly Outcome[]): readonly string[] {
  const done = outcomes.filter(({ outcome }) => outcome === 'freed' || outcome === 'would-free').length
  const isDry = outcomes.some(({ outcome }) => outcome === 'would-free')
  return [
    ...columns(outcomes.map(({ hang, outcome, detail }) => [hang.pod, outcome === 'would-free' ? 'would be freed' : outcome, detail])),
    '',
    `${done} of ${pods(outcomes.length)} ${isDry ? 'would be ' : ''}freed`,
  ]
}

/** One object for machines. */
export function toJson(outcomes: readonly Outcome[]): object {
  return {
    pods: outcomes.map(({ hang, rescue, outcome, detail }) => ({
      namespace: hang.namespace,
      pod: hang.name,
      uid: hang.uid,
      node: hang.node,
      kind: hang.kind,
      why: hang.why,
      since: new Date(hang.sinceMs).toISOString(),
      image: hang.image,
      rescue: rescue.kind === 'image' ? { by: 'image', image: rescue.image } : rescue.kind === 'delete' ? { by: 'delete', owner: nameOfOwner(rescue.owner) } : { by: 'none', why: rescue.why },
      outcome,
      detail,
    })),
  }
}

function pods(count: number): string {
  return counted(count, 'pod')
}
