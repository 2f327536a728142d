import { type DryRun, probePod, remainsOf } from '../check/dry-run.ts'
import type { Facts } from '../check/facts.ts'
import { contextOf } from '../check/injection-check.ts'
import { nameOf } from '../check/json-paths.ts'
import { decide } from '../inject/decide.ts'

/** What a dry-run pod says of an installation. */
export type Trial =
  /** It has come back with all that it was to get. */
  | { readonly kind: 'injected'; readonly text: string }
  /** It has come back without. */
  | { readonly kind: 'bare'; readonly text: string }
  /** It says nothing: such pods are rejected there whatever usher does, or are to stay as they are. */
  | { readonly kind: 'idle'; readonly text: string }

/** Judges a pod by what the webhook, with its configuration and that of the namespace, puts into such pods. */
export function judgeTrial({ namespace, mark, pod, control }: DryRun, known: Pick<Facts, 'config' | 'kubeVersion'>): Trial {
  const name = nameOf(namespace)
  const context = contextOf(namespace, known)
  if (context === undefined) return { kind: 'idle', text: `in ${name}: the configuration cannot be read` }
  const codes = decide(probePod(name, 'image', mark), context).reasons.map(({ code }) => code)
  const expected = { nap: codes.includes('nap-added'), lock: codes.includes('lock-added') }
  if (!expected.nap && !expected.lock) return { kind: 'idle', text: `in ${name} such pods are to stay as they are (${codes.join(', ')})` }
  if (pod.kind !== 'told') {
    const kind = control?.kind === 'told' ? 'bare' : 'idle'
    return { kind, text: `in ${name} it is rejected${kind === 'bare' ? ' because of what usher puts in' : ''}: ${pod.message}` }
  }
  const { status, naps, waits } = remainsOf(pod.value)
  if (status === undefined) return { kind: 'bare', text: `in ${name} the API server makes it without the webhook` }
  const missing = [...(expected.nap && !naps ? ['nap'] : []), ...(expected.lock && !waits ? ['lock'] : [])]
  if (missing.length > 0) return { kind: 'bare', text: `in ${name} it comes back without its ${missing.join(' and its ')}` }
  return { kind: 'injected', text: `a pod in ${name} came back with ${[...(naps ? ['nap'] : []), ...(waits ? ['lock'] : [])].join(' and ')} (dry run)` }
}

/** Of several pods, what they say together: one that is injected is enough; one that says nothing counts least. */
export function judgeTrials(trials: readonly Trial[]): Trial | undefined {
  for (const kind of ['injected', 'bare', 'idle'] as const) {
    const found = trials.find((each) => each.kind === kind)
    if (found !== undefined) return found
  }
  return undefined
}
