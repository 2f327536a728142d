import { type Finding, skipped } from './finding.ts'

/**
 * What came of a question: `denied` where we may not ask, `late` where there was no time left for the answer. Other than in
 * units/asked.ts, all of it is plain data: facts are compared, and told to people.
 */
export type Asked<T> =
  | { readonly kind: 'told'; readonly value: T }
  | { readonly kind: 'denied' | 'failed' | 'late'; readonly message: string; /** Of HTTP, where there was an answer. */ readonly status?: number }

/** What was told; undefined where nothing was. */
export function valueOf<T>(asked: Asked<T>): T | undefined {
  return asked.kind === 'told' ? asked.value : undefined
}

/** The finding of what was told, or that it cannot be told, and why. */
export function whenTold<T>(asked: Asked<T>, judge: (value: T) => Finding): Finding {
  if (asked.kind === 'told') return judge(asked.value)
  return skipped(asked.kind === 'denied' ? `you may not look: ${asked.message}` : asked.message)
}
