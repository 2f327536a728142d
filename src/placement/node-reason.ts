/** Why a node takes no pod of a kind, or none more. */
export type NodeReasonCode =
  | 'not-ready'
  | 'cordoned'
  | 'other-node'
  | 'node-selector'
  | 'node-affinity'
  | 'taint'
  | 'memory'
  | 'cpu'
  | 'disk'
  | 'resource'
  | 'pods'
  | 'host-port'
  | 'volume'
  | 'affinity'
  | 'anti-affinity'
  | 'kept-away'
  | 'topology-spread'

/** A code, and a sentence for people. */
export interface NodeReason {
  readonly code: NodeReasonCode
  readonly detail: string
}

/** Of a resource, the code of what lacks of it. */
export function codeOfResource(resource: string): NodeReasonCode {
  if (resource === 'memory' || resource === 'cpu') return resource
  return resource === 'ephemeral-storage' ? 'disk' : 'resource'
}
