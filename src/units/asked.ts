/** What came of a question to an API server: an answer, or why there is none. */
export type Asked<T> = { readonly kind: 'told'; readonly value: T } | Untold

/** `denied`: we have no right to know. `missing`: what it is about is not there. `failed`: it was not heard, or could not tell. */
export interface Untold {
  readonly kind: 'denied' | 'missing' | 'failed'
  readonly error: Error
}
