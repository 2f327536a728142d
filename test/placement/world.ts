import type { AmountWriting } from '../../src/placement/amount-text.ts'
import { demandOf } from '../../src/placement/demand.ts'
import { Neighbourhood, neighbourOf } from '../../src/placement/neighbourhood.ts'
import { type NodeRoom, readNodeRoom } from '../../src/placement/node-room.ts'
import type { Batch } from '../../src/placement/place.ts'
import type { JsonObject } from '../../src/units/json.ts'

/** Amounts as a manifest in Kubernetes' own binary units has them. */
export const writing: AmountWriting = { style: 'kubernetes', memory: 'binary', disk: 'binary' }

/** A node that is ready, with all its room. */
export function roomOf(name: string, allocatable: JsonObject = {}, { labels = {}, spec = {}, isReady = true }: { readonly labels?: JsonObject; readonly spec?: JsonObject; readonly isReady?: boolean } = {}): NodeRoom {
  const room = readNodeRoom({
    metadata: { name, labels: { 'kubernetes.io/hostname': name, ...labels } },
    spec,
    status: { allocatable: { cpu: '4', memory: '8Gi', 'ephemeral-storage': '100Gi', pods: '10', ...allocatable }, conditions: [{ type: 'Ready', status: isReady ? 'True' : 'False' }] },
  })
  if (room === undefined) throw new Error('a node has a name')
  return room
}

/** A pod of one container that asks for these amounts. */
export function podOf(requests: JsonObject = {}, spec: JsonObject = {}, metadata: JsonObject = {}): JsonObject {
  return { metadata: { namespace: 'shop', labels: { app: 'web' }, ...metadata }, spec: { containers: [{ name: 'main', resources: { requests } }], ...spec } }
}

/** Pods that are like this one, to be put on nodes. */
export function batchOf(pod: JsonObject, wanted: Batch['wanted'], parts: Partial<Batch> = {}, claimsAlone: readonly string[] = []): Batch {
  const demand = demandOf(pod, 'shop', undefined, claimsAlone)
  return { demand, writing, tolerations: demand.choice.tolerations, neighbourhood: new Neighbourhood(demand), wanted, groups: [{ count: Number.POSITIVE_INFINITY, places: [] }], has: new Set(), ...parts }
}

/** The same beside pods that run, by their nodes. */
export function beside(batch: Batch, ...running: readonly (readonly [string, JsonObject])[]): Batch {
  for (const [node, pod] of running) {
    const mark = batch.neighbourhood.markOf(neighbourOf(pod), false)
    if (mark !== undefined) batch.neighbourhood.add(mark, node)
  }
  return batch
}
