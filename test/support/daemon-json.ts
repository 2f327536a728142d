import type { JsonObject } from '../../src/units/json.ts'

/** Parts of a DaemonSet that are not as usual. */
export interface DaemonSetParts {
  readonly metadata?: JsonObject
  /** Of its pods. */
  readonly pod?: JsonObject
}

/** A DaemonSet of the namespace kube-system as the API server has it; its uid is `uid-NAME`. */
export function daemonSetJson(name: string, { metadata = {}, pod = {} }: DaemonSetParts = {}): JsonObject {
  const labels = { app: name }
  return {
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name, namespace: 'kube-system', uid: `uid-${name}`, labels, ...metadata },
    spec: {
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'agent', image: `${name}:1` }], ...pod } },
    },
  }
}

/** A Node as the API server has it. */
export function nodeJson(name: string, labels: JsonObject = {}, taints: readonly JsonObject[] = []): JsonObject {
  return { apiVersion: 'v1', kind: 'Node', metadata: { name, labels }, spec: { taints } }
}

/** A pod of a DaemonSet of {@link daemonSetJson}; without a start it is bound, and no more. */
export interface DaemonPodParts {
  /** When its container began to run; names the container as well. */
  readonly startedAt?: Date
  readonly ready?: boolean
  readonly metadata?: JsonObject
}

/** The pod of a DaemonSet on node n1. */
export function daemonPodJson(owner: string, { startedAt, ready = startedAt !== undefined, metadata = {} }: DaemonPodParts = {}): JsonObject {
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name: `${owner}-x7k2p`,
      namespace: 'kube-system',
      uid: `uid-${owner}-pod`,
      ownerReferences: [{ apiVersion: 'apps/v1', kind: 'DaemonSet', name: owner, uid: `uid-${owner}`, controller: true }],
      ...metadata,
    },
    spec: { nodeName: 'n1', containers: [{ name: 'agent', image: `${owner}:1` }] },
    status: daemonStatus(startedAt, ready),
  }
}

/** The status of such a pod, as a kubelet writes it. */
export function daemonStatus(startedAt: Date | undefined, ready: boolean): JsonObject {
  const conditions = ['Ready', 'ContainersReady'].map((type) => ({ type, status: ready ? 'True' : 'False' }))
  if (startedAt === undefined) return { phase: 'Pending', conditions }
  const at = `${startedAt.toISOString().slice(0, 19)}Z`
  const state = { running: { startedAt: at } }
  const container = { name: 'agent', image: 'agent:1', imageID: '', containerID: `containerd://${at}`, ready, started: true, restartCount: 0, state }
  return { phase: 'Running', conditions, containerStatuses: [container] }
}
