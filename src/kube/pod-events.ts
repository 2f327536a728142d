import { createHash } from 'node:crypto'
import type { KubeConfig } from '@kubernetes/client-node'
import { createEvent, type EventSource, updateEvent } from './events.ts'
import { ApiError } from './request.ts'

/** Something that happened to a pod. */
export interface PodEvent {
  readonly pod: { readonly uid: string; readonly namespace: string; readonly name: string }
  readonly type: 'Normal' | 'Warning'
  readonly reason: string
  /** With the pod and the reason it names the Event. */
  readonly occasion: string
  readonly message: string
  readonly count: number
  /** Milliseconds since it happened first, and last. */
  readonly firstAgoMs: number
  readonly lastAgoMs: number
}

/** What the API server said. */
export type PodEventAnswer =
  | { readonly kind: 'taken' | 'exists' | 'missing' }
  /** This one is not taken, whatever comes. */
  | { readonly kind: 'refused'; readonly error: unknown }
  /** We have no right to it. */
  | { readonly kind: 'forbidden'; readonly error: unknown }
  /** It may be taken later: after so many milliseconds, where the server says when. */
  | { readonly kind: 'unavailable'; readonly error: unknown; readonly retryAfterMs: number }

/** Makes Events of pods: each call is one request. */
export interface PodEvents {
  create(event: PodEvent, signal: AbortSignal): Promise<PodEventAnswer>
  /** Changes the Event of this pod, reason and occasion. */
  update(event: PodEvent, signal: AbortSignal): Promise<PodEventAnswer>
}

/** Makes Events as a component of a node. */
export function podEventsOf(config: KubeConfig, component: string, node: string): PodEvents {
  const sourceOf = ({ pod: { namespace } }: PodEvent): EventSource => ({ namespace, component, instance: node, host: node })
  return {
    create: (event, signal) =>
      answerOf(async () => {
        const { pod, type, reason, message, count, firstAgoMs, lastAgoMs } = event
        const about = { apiVersion: 'v1', kind: 'Pod', name: pod.name, uid: pod.uid }
        const times = { firstAt: ago(firstAgoMs), at: ago(lastAgoMs) }
        await createEvent(config, sourceOf(event), { name: nameOf(event), type, reason, message, about, count, ...times }, signal)
      }),
    update: (event, signal) =>
      answerOf(async () => {
        const { message, count, lastAgoMs } = event
        await updateEvent(config, sourceOf(event), { name: nameOf(event), message, count, at: ago(lastAgoMs) }, signal)
      }),
  }
}

// A DNS subdomain: 253 characters, of which a dot and the hash take 17.
const longestPodPart = 236

/**
 * As the kubelet names its Events, POD.16-HEX-DIGITS, but always the same for the same pod, reason and occasion: whoever
 * tells it once more is told that there is one. Uids are bearer values to the lock; of a hash nobody gets one back.
 */
function nameOf({ pod: { uid, name }, reason, occasion }: PodEvent): string {
  const hash = createHash('sha256').update(JSON.stringify([uid, reason, occasion])).digest('hex').slice(0, 16)
  return `${name.slice(0, longestPodPart).replace(/[.-]+$/, '')}.${hash}`
}

function ago(ms: number): Date {
  return new Date(Date.now() - ms)
}

async function answerOf(send: () => Promise<void>): Promise<PodEventAnswer> {
  try {
    await send()
    return { kind: 'taken' }
  } catch (error) {
    return error instanceof ApiError ? readError(error) : { kind: 'unavailable', error, retryAfterMs: 0 }
  }
}

function readError(error: ApiError): PodEventAnswer {
  const { status, message, retryAfterMs } = error
  switch (status) {
    case 409:
      return { kind: 'exists' }
    case 404:
      // A namespace that is not there has no Event either; that is found out when one is created.
      return message.includes('namespaces "') ? { kind: 'refused', error } : { kind: 'missing' }
    case 403:
      // Admission answers 403, too: in a namespace that is being deleted, or that has its quota of Events.
      return /cannot (?:create|patch) resource/.test(message) ? { kind: 'forbidden', error } : { kind: 'refused', error }
    case 400:
    case 413:
    case 422:
      return { kind: 'refused', error }
    default:
      return { kind: 'unavailable', error, retryAfterMs }
  }
}
