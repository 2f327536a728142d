import type { JsonObject } from '../units/json.ts'
import { nameOf, textAt } from './json-paths.ts'

/** What the checks look at of a node. */
export interface CheckedNode {
  readonly name: string
  readonly isLinux: boolean
}

/** Reads nodes. What says nothing of its system is Linux. */
export function readNodes(nodes: readonly JsonObject[]): readonly CheckedNode[] {
  return nodes.map((node) => ({
    name: nameOf(node),
    isLinux: (textAt(node, 'metadata', 'labels', 'kubernetes.io/os') ?? 'linux') === 'linux',
  }))
}
