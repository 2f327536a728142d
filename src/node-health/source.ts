import type { NodeLook } from './daemon-set-health.ts'
import type { JsonObject } from '../units/json.ts'

/** Who tells of a node. */
export interface NodeSource {
  /** Asks for the Node and for the DaemonSets. Never rejects. */
  look(signal: AbortSignal): Promise<Asked<NodeLook>>
  /** Asks for the pods that are bound to the node. Never rejects. */
  pods(signal: AbortSignal): Promise<Asked<readonly JsonObject[]>>
}

/** What came of a question. */
export type Asked<T> =
  | { readonly kind: 'told'; readonly value: T }
  /** We have no right to know. */
  | { readonly kind: 'denied'; readonly error: Error }
  /** There is no such node. */
  | { readonly kind: 'missing'; readonly error: Error }
  /** The server was not heard, or could not tell. */
  | { readonly kind: 'failed'; readonly error: Error }
