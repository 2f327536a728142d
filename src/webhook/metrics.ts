import { Counter, Gauge, Histogram, type Registry } from 'prom-client'
import type { Reason } from '../inject/reasons.ts'

/** What the webhook counts. */
export interface WebhookMetrics {
  /** A review was answered after so many seconds. */
  answered(seconds: number): void
  /** A request was refused with this status. */
  refused(status: number): void
  /** A review was decided with these reasons. */
  decided(reasons: readonly Reason[]): void
  /** The decision or the check of its patch failed on our side. */
  failed(reason: 'internal-error' | 'patch-failed'): void
  /** The certificate that is served, and its CA, end at these times, in seconds since 1970; of the CA where it is known. */
  certificateEnds(seconds: number, caSeconds: number | undefined): void
  /** A certificate was reloaded, or could not be. */
  certificateReloaded(result: 'success' | 'failure'): void
}

/** Registers the webhook's metrics. */
export function buildWebhookMetrics(registry: Registry): WebhookMetrics {
  const registers = [registry]
  const requests = new Counter({
    name: 'usher_webhook_requests_total',
    help: 'Requests answered, by HTTP status.',
    labelNames: ['status'],
    registers,
  })
  const duration = new Histogram({
    name: 'usher_webhook_request_duration_seconds',
    help: 'Time from a review whose body has arrived to its answer.',
    buckets: [0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1, 2],
    registers,
  })
  const outcomes = new Counter({
    name: 'usher_webhook_outcomes_total',
    help: 'What was decided about pods, by feature (pod, nap, lock, gate) and reason.',
    labelNames: ['feature', 'reason'],
    registers,
  })
  const failures = new Counter({
    name: 'usher_webhook_failures_total',
    help: 'Reviews in which usher itself failed; their pods were admitted as they were.',
    labelNames: ['reason'],
    registers,
  })
  const expiry = new Gauge({
    name: 'usher_webhook_certificate_expiry_timestamp_seconds',
    help: 'When the certificate that is served ends, in seconds since 1970.',
    registers,
  })
  const caExpiry = new Gauge({
    name: 'usher_webhook_ca_expiry_timestamp_seconds',
    help: 'When the CA of the certificate that is served ends, in seconds since 1970.',
    registers,
  })
  // Not known is not 1970.
  expiry.remove()
  caExpiry.remove()
  const reloads = new Counter({
    name: 'usher_webhook_certificate_reloads_total',
    help: 'Reloads of the certificate, by result.',
    labelNames: ['result'],
    registers,
  })
  failures.inc({ reason: 'internal-error' }, 0)
  failures.inc({ reason: 'patch-failed' }, 0)
  // A child is looked up by its sorted labels; the few that there are, are kept instead.
  const children = new Map<string, Counter.Internal>()
  const reviews = requests.labels({ status: '200' })

  function outcome({ feature: ofFeature, code }: Reason): Counter.Internal {
    const feature = ofFeature ?? 'pod'
    const key = feature + code
    let child = children.get(key)
    if (child === undefined) {
      child = outcomes.labels({ feature, reason: code })
      children.set(key, child)
    }
    return child
  }

  return {
    answered(seconds) {
      reviews.inc()
      duration.observe(seconds)
    },
    refused: (status) => requests.inc({ status: String(status) }),
    decided(reasons) {
      for (const reason of reasons) outcome(reason).inc()
    },
    failed: (reason) => failures.inc({ reason }),
    certificateEnds(seconds, caSeconds) {
      expiry.set(seconds)
      if (caSeconds === undefined) caExpiry.remove()
      else caExpiry.set(caSeconds)
    },
    certificateReloaded: (result) => reloads.inc({ result }),
  }
}
