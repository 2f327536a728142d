import { bundleOf, type Certificate } from './bundle.ts'
import type { Held, Shared, TrustedPair } from './secret.ts'
import { dueAt, isValidAt } from './times.ts'

/** What a replica knows when it looks. */
export interface Situation {
  /** What the Secret holds; undefined: it is not there. */
  readonly held: Held | undefined
  /** What this replica serves. */
  readonly served: TrustedPair | undefined
  /** The CAs that it has last shared. */
  readonly known: readonly Certificate[]
  /** The CAs that callers trust. */
  readonly trusted: readonly Certificate[]
  /** Milliseconds since 1970, by the API server's clock. */
  readonly now: number
  /** Whether all callers are sure to trust a certificate. */
  readonly isSettled: (pair: TrustedPair) => boolean
}

/** What is done about the certificate. */
export type StepName = 'tidied' | 'made' | 'staged' | 'promoted' | 'restored'

/** What the Secret should hold. */
export interface Step {
  /** How to call it where it changes anything. */
  readonly name: StepName
  /** Of which a certificate that is yet to be issued is the current one (undefined), or the next one (`'issue'`). */
  readonly current: TrustedPair | undefined
  readonly next: TrustedPair | 'issue' | undefined
  readonly others: readonly Certificate[]
}

/**
 * Decides what the Secret should hold. Whichever replica decides it, and however often: what is done already is not
 * wanted again, so that any of them goes on where another has died.
 *
 * The order that keeps every certificate trusted wherever it is served: it is `next` until its CA is in the Secret, from
 * there in the webhook configuration, and has been seen there for long enough; then it is `current`; and the CA before it
 * stays until it ends.
 */
export function nextStep({ held, served, known, trusted, now, isSettled }: Situation): Step {
  const good = (pair: TrustedPair | undefined): TrustedPair | undefined =>
    pair !== undefined && isValidAt(pair.leaf, now) && isValidAt(pair.ca, now) ? pair : undefined
  const current = good(held?.current)
  const next = good(held?.next)
  const serving = good(served)
  // Whatever somebody has put there: what any replica may still serve has to be trusted on.
  const others = [...(held?.cas ?? []), ...known, ...(serving === undefined ? [] : [serving.ca])]
  if (serving !== undefined && (current === undefined || (now >= dueAt(current.leaf) && now < dueAt(serving.leaf)))) {
    // Somebody has deleted it, spoilt it, or put an old one back. Who deletes it wants another certificate.
    return { name: 'restored', current: serving, next: held === undefined ? 'issue' : next, others }
  }
  if (next !== undefined && (current === undefined || isSettled(next))) return { name: 'promoted', current: next, next: undefined, others }
  if (current === undefined) return { name: 'made', current, next: undefined, others: [...others, ...trusted] }
  if (next === undefined && now >= dueAt(current.leaf)) return { name: 'staged', current, next: 'issue', others }
  return { name: 'tidied', current, next, others }
}

/** Completes a step with what was issued for it. */
export function completeStep({ current, next, others }: Step, issued: TrustedPair | undefined, now: number): Shared {
  const first = current ?? issued
  if (first === undefined) throw new Error('nothing was issued')
  const second = next === 'issue' ? issued : next
  return { current: first, next: second, cas: bundleOf([first.ca, ...(second === undefined ? [] : [second.ca])], others, now) }
}
