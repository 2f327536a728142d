import type { Facts } from './facts.ts'

/** What the metrics of the webhook's replicas say of its breaker. */
export interface BreakerState {
  /** How many replicas have told. */
  readonly told: number
  /** Each open one, with its cause as the metric has it. */
  readonly open: readonly { readonly pod: string; readonly cause: string }[]
}

/** Reads the breakers of all replicas. */
export function breakerState(webhookMetrics: Facts['webhookMetrics']): BreakerState {
  const told = webhookMetrics.flatMap(({ pod, metrics }) => (metrics.kind === 'told' ? [{ pod, text: metrics.value }] : []))
  const open = told.flatMap(({ pod, text }) => [...text.matchAll(/^usher_webhook_breaker_open\{cause="([^"]*)"\} 1$/gm)].map(([, cause = '']) => ({ pod, cause })))
  return { told: told.length, open }
}
