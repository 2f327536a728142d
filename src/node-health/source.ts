import type { Asked } from '../units/asked.ts'
import type { JsonObject } from '../units/json.ts'
import type { NodeLook } from './daemon-set-health.ts'

/** Who tells of a node. */
export interface NodeSource {
  /** Asks for the Node and for the DaemonSets; `missing`: there is no such node. Never rejects. */
  look(signal: AbortSignal): Promise<Asked<NodeLook>>
  /** Asks for the pods that are bound to the node. Never rejects. */
  pods(signal: AbortSignal): Promise<Asked<readonly JsonObject[]>>
}
