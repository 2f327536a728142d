import { ClusterRoom, type Interest } from '../placement/cluster-room.ts'
import { type NodeRoom, readNodeRoom } from '../placement/node-room.ts'
import type { NodeFree } from '../placement/room-plan.ts'
import { explainFailure, type JoinedAdmin } from './admin-cluster.ts'
import type { Asker } from './asker.ts'

// Those that are over take no room, and a cluster may have many of them.
const living = 'status.phase!=Succeeded,status.phase!=Failed'

/**
 * Reads the nodes of a cluster, and the room that its pods leave on them. Page by page, so that no more than 500 pods are
 * there at once: one whole list from the API server's memory would be a text of 200 MB for 30,000 pods.
 *
 * @throws where nodes or pods may not be listed, or the API server does not answer.
 */
export async function readClusterRoom(admin: JoinedAdmin, asker: Asker, interests: readonly Interest[]): Promise<ClusterRoom> {
  try {
    const cluster = new ClusterRoom(await asker.listPicked('/api/v1/nodes', {}, readNodeRoom), interests)
    await asker.listPicked('/api/v1/pods', { fieldSelector: living }, (pod) => {
      cluster.add(pod)
      return undefined
    })
    return cluster
  } catch (error) {
    throw explainFailure(admin, error)
  }
}

/** What is free on each node. */
export function nodesFree(rooms: readonly NodeRoom[]): readonly NodeFree[] {
  return rooms.map((room) => {
    const resources = [...room.allocatable.keys()].filter((name) => name !== 'pods')
    return {
      name: room.node.name,
      free: Object.fromEntries(resources.map((name) => [name, room.free(name)])),
      allocatable: Object.fromEntries(resources.map((name) => [name, room.allocatable.get(name) ?? 0])),
      pods: { free: room.freePods, allocatable: room.allocatable.get('pods') ?? 0 },
    }
  })
}
