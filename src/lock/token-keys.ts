import type { KeyObject } from 'node:crypto'

/** The public keys with which the API server's service account tokens are verified. Asking waits for nothing. */
export interface TokenKeys {
  /** The key with this id (`kid`); undefined where none is known. Whoever keeps them may then look for it. */
  find(id: string): KeyObject | undefined
  /** Whether any keys have come yet; until then no token can be told from a forged one. */
  isKnown(): boolean
}
