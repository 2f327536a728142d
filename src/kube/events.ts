import type { KubeConfig } from '@kubernetes/client-node'
import { requestJson } from './request.ts'

/** Something that happened, for whoever looks at the object. */
export interface ClusterEvent {
  /** Of the Event itself; without, the API server makes one. */
  readonly name?: string
  readonly type: 'Normal' | 'Warning'
  /** One word, as `LockLeftOut`. */
  readonly reason: string
  readonly message: string
  /** Of the object in the same namespace that it is about. */
  readonly about: { readonly apiVersion: string; readonly kind: string; readonly name: string; readonly uid?: string }
  /** How often it has happened; once, unless said otherwise. */
  readonly count?: number
  /** When it has happened first; at the time of `at`, unless said otherwise. */
  readonly firstAt?: Date
  /** When it has happened last. */
  readonly at: Date
}

/** Who reports events: the component, and which instance of it. */
export interface EventSource {
  readonly namespace: string
  readonly component: string
  readonly instance: string
  /** The node that it is about, or comes from. */
  readonly host?: string
}

// The API server refuses longer ones.
const maxMessageLength = 1_024

/**
 * Creates an event (v1: what `kubectl describe` shows).
 *
 * @throws {ApiError} where the API server does not take it: of status 409 where there is one of this name.
 */
export async function createEvent(
  config: KubeConfig,
  { namespace, component, instance, host }: EventSource,
  { name, type, reason, message, about, count = 1, at, firstAt = at }: ClusterEvent,
  signal: AbortSignal,
): Promise<void> {
  await requestJson(config, {
    method: 'POST',
    path: pathOf(namespace),
    signal,
    body: {
      apiVersion: 'v1',
      kind: 'Event',
      metadata: { ...(name === undefined ? { generateName: `${about.name}.` } : { name }), namespace },
      involvedObject: { ...about, namespace },
      type,
      reason,
      message: message.slice(0, maxMessageLength),
      source: { component, ...(host === undefined ? {} : { host }) },
      reportingComponent: component,
      reportingInstance: instance,
      firstTimestamp: timeOf(firstAt),
      lastTimestamp: timeOf(at),
      count,
    },
  })
}

/** What changes of an event that happens again. */
export type EventChange = Required<Pick<ClusterEvent, 'name' | 'message' | 'count' | 'at'>>

/**
 * Changes an event that has happened again, so that there is one object of it however often it does.
 *
 * @throws {ApiError} where the API server does not take it: of status 404 where it has forgotten the event.
 */
export async function updateEvent(
  config: KubeConfig,
  { namespace }: Pick<EventSource, 'namespace'>,
  { name, message, count, at }: EventChange,
  signal: AbortSignal,
): Promise<void> {
  await requestJson(config, {
    method: 'PATCH',
    path: `${pathOf(namespace)}/${encodeURIComponent(name)}`,
    contentType: 'application/merge-patch+json',
    signal,
    body: { message: message.slice(0, maxMessageLength), count, lastTimestamp: timeOf(at) },
  })
}

function pathOf(namespace: string): string {
  return `/api/v1/namespaces/${encodeURIComponent(namespace)}/events`
}

/** As metav1.Time has it: whole seconds. */
function timeOf(date: Date): string {
  return date.toISOString().replace(/\.\d+Z$/, 'Z')
}
