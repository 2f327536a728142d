import { Counter, Gauge, type Registry } from 'prom-client'
import { type BreakerCause, breakerCauses } from './breaker.ts'

/** What is counted of the webhook's dealings with its cluster. */
export interface ClusterMetrics {
  /** A watch that is kept; `staleMs` is asked at each scrape. */
  watch(name: string, staleMs: () => number): void
  /** Why the lock is left out at the moment. */
  breaker(causes: readonly BreakerCause[]): void
  /** The shared certificate could not be read or made, or its CA could not be put into the webhook configuration. */
  certificateFailed(step: 'secret' | 'ca-bundle'): void
}

/** Registers these metrics. */
export function buildClusterMetrics(registry: Registry): ClusterMetrics {
  const registers = [registry]
  const watches = new Map<string, () => number>()
  // Known to the registry, and asked by it.
  void new Gauge({
    name: 'usher_webhook_watch_stale_seconds',
    help: 'How long ago the API server was last heard, by watch. One that is well is heard within 150 s.',
    labelNames: ['watch'],
    registers,
    collect() {
      for (const [watch, staleMs] of watches) this.set({ watch }, staleMs() / 1_000)
    },
  })
  const open = new Gauge({
    name: 'usher_webhook_breaker_open',
    help: 'Whether the lock is left out at the moment, by cause.',
    labelNames: ['cause'],
    registers,
  })
  const failures = new Counter({
    name: 'usher_webhook_certificate_failures_total',
    help: 'Failed attempts to share the certificate with the other replicas (secret), or to have it trusted (ca-bundle).',
    labelNames: ['step'],
    registers,
  })
  for (const step of ['secret', 'ca-bundle']) failures.inc({ step }, 0)
  return {
    watch: (name, staleMs) => void watches.set(name, staleMs),
    breaker(causes) {
      for (const cause of breakerCauses) open.set({ cause }, causes.includes(cause) ? 1 : 0)
    },
    certificateFailed: (step) => failures.inc({ step }),
  }
}
