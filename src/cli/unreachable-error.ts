/** The cluster cannot be reached. The message says why, and what to do. */
export class UnreachableError extends Error {
  override readonly name = 'UnreachableError'
}
