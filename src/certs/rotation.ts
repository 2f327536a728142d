import { bundleOf, type Certificate } from './bundle.ts'
import { backdatedMs } from './issue.ts'
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
  /** How long a certificate is served before what was there before it may leave. */
  readonly retireAfterMs: number
  /** Whether this replica has served a certificate for so long, trusted without a break. */
  readonly isEstablished: (pair: TrustedPair) => boolean
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
 * stays until it ends. A CA of earlier days that would outlast what has replaced it, as one of ten years whose key was in the
 * Secret, stays until that is served everywhere.
 */
export function nextStep({ held, served, known, trusted, now, isSettled, retireAfterMs, isEstablished }: Situation): Step {
  const good = (pair: TrustedPair | undefined): TrustedPair | undefined =>
    pair !== undefined && isValidAt(pair.leaf, now) && isValidAt(pair.ca, now) ? pair : undefined
  const current = good(held?.current)
  const next = good(held?.next)
  const serving = good(served)
  const isOver = current !== undefined && next === undefined && now >= current.leaf.from + backdatedMs + retireAfterMs
  const isLeft = (ca: Certificate): boolean => isOver && outlasts(ca, current.ca)
  // Who has served it for less long does not take out what is left; nor does it put back what another has taken out.
  const cas = isOver && isEstablished(current) ? held?.cas.filter((ca) => !isLeft(ca)) : held?.cas
  // Whatever somebody has put there: what any replica may still serve has to be trusted on.
  const others = [...(cas ?? []), ...known.filter((ca) => !isLeft(ca)), ...(serving === undefined ? [] : [serving.ca])]
  const isExposed = held?.isExposed === true
  // Who serves what is exposed has nothing better.
  const isWorn = (pair: TrustedPair): boolean => now >= dueAt(pair.leaf) || (isExposed && pair.ca.id !== serving?.ca.id)
  // What is older and would outlast it was replaced by it: its CA may have left, and have to be heard of again.
  const isReplaced = (pair: TrustedPair, by: TrustedPair): boolean => outlasts(pair.ca, by.ca) || (isWorn(pair) && now < dueAt(by.leaf))
  if (serving !== undefined && (current === undefined || isReplaced(current, serving))) {
    // Somebody has deleted it, spoilt it, or put an old one back. Who deletes it wants another certificate.
    return { name: 'restored', current: serving, next: held === undefined ? 'issue' : next, others }
  }
  if (next !== undefined && (current === undefined || isSettled(next))) return { name: 'promoted', current: next, next: undefined, others }
  if (current === undefined) return { name: 'made', current, next: undefined, others: [...others, ...trusted] }
  if (next === undefined && (isExposed || now >= dueAt(current.leaf))) return { name: 'staged', current, next: 'issue', others }
  return { name: 'tidied', current, next, others }
}

/** Completes a step with what was issued for it. */
export function completeStep({ current, next, others }: Step, issued: TrustedPair | undefined, now: number): Shared {
  const first = current ?? issued
  if (first === undefined) throw new Error('nothing was issued')
  const second = next === 'issue' ? issued : next
  return { current: first, next: second, cas: bundleOf([first.ca, ...(second === undefined ? [] : [second.ca])], others, now) }
}

/** Whether a CA was there before another one, and ends after it: no rotation of ours leaves such a one. */
function outlasts(ca: Certificate, current: Certificate): boolean {
  return ca.from < current.from && ca.to > current.to
}
