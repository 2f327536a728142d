import type { KubeConfig } from '@kubernetes/client-node'
import { requestJson } from './request.ts'

/** Something that happened, for whoever looks at the object. */
export interface ClusterEvent {
  readonly type: 'Normal' | 'Warning'
  /** One word, as `LockLeftOut`. */
  readonly reason: string
  readonly message: string
  /** Of the object in the same namespace that it is about. */
  readonly about: { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid?: string }
  readonly at: Date
}

/** Who reports events: the component, and which instance of it. */
export interface EventSource {
  readonly namespace: string
  readonly component: string
  readonly instance: string
}

// The API server refuses longer ones.
const maxMessageLength = 1_024

/** Creates an event (v1: what `kubectl describe` shows). Throws where the API server does not take it. */
export async function createEvent(
  config: KubeConfig,
  { namespace, component, instance }: EventSource,
  { type, reason, message, about, at }: ClusterEvent,
  signal: AbortSignal,
): Promise<void> {
  const time = at.toISOString().replace(/\.\d+Z$/, 'Z')
  await requestJson(config, {
    method: 'POST',
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`,
    signal,
    body: {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { generateName: `${about.name}.`, namespace },
      involvedObject: { ...about, namespace },
      type,
      reason,
      message: message.slice(0, maxMessageLength),
      source: { component },
      reportingComponent: component,
      reportingInstance: instance,
      firstTimestamp: time,
      lastTimestamp: time,
      count: 1,
    },
  })
}
