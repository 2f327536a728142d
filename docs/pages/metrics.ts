import { pino } from 'pino'
import { Registry } from 'prom-client'
import { systemClock } from '../../src/lock/clock.ts'
import { buildDaemonSetMetrics } from '../../src/lock/gates/daemon-sets-metrics.ts'
import { buildLockMetrics } from '../../src/lock/metrics.ts'
import { noPods } from '../../src/lock/pods.ts'
import { defaultQueueSettings } from '../../src/lock/queue/settings.ts'
import { LockService } from '../../src/lock/service.ts'
import { noStore } from '../../src/lock/state-file.ts'
import { buildClusterMetrics } from '../../src/webhook/cluster-metrics.ts'
import { buildWebhookMetrics } from '../../src/webhook/metrics.ts'
import { codeOf, plain, tableOf } from './markdown.ts'

/** A metric as its registry has it. */
export interface DocumentedMetric {
  readonly name: string
  /** counter, gauge or histogram */
  readonly type: string
  readonly labels: readonly string[]
  readonly help: string
}

/** What the webhook registers, beside the metrics of its process. */
export function webhookMetrics(): readonly DocumentedMetric[] {
  const registry = new Registry()
  buildWebhookMetrics(registry)
  buildClusterMetrics(registry)
  return metricsOf(registry)
}

/** What the lock registers, with its gate of DaemonSets, beside the metrics of its process. */
export function lockMetrics(): readonly DocumentedMetric[] {
  const registry = new Registry()
  buildDaemonSetMetrics(registry)
  const metrics = buildLockMetrics(registry)
  metrics.watchGate({ size: 0 }, { size: 0 })
  const service = new LockService({
    settings: defaultQueueSettings,
    gates: [],
    clock: systemClock,
    pods: noPods,
    store: noStore,
    metrics,
    log: pino({ level: 'silent' }),
  })
  service.close()
  return metricsOf(registry)
}

/** All metrics of usher's own, in Markdown. */
export function metricReference(): readonly string[] {
  return [
    'In the format of Prometheus at `/metrics`: of the webhook on its probe port (8080), of the lock on its own (8888). Beside',
    'these there are those of the process, `process_*` and `nodejs_*`. [Operations](operations.md#alerts) says which of them are',
    'worth an alert.',
    '',
    ...tableOf(['metric', 'type', 'labels', 'meaning'], [...webhookMetrics(), ...lockMetrics()].map(({ name, type, labels, help }) => [
      codeOf(name), type, labels.map(codeOf).join(', '), plain(help),
    ])),
  ]
}

function metricsOf(registry: Registry): readonly DocumentedMetric[] {
  return registry
    .getMetricsAsArray()
    .map((metric) => ({ name: metric.name, type: String(metric.type), labels: labelsOf(metric), help: metric.help }))
    .toSorted((left, right) => left.name.localeCompare(right.name))
}

/** A metric has them, and its type says nothing of it; what a scrape shows has those of values that there are. */
function labelsOf(metric: object): readonly string[] {
  if (!('labelNames' in metric) || !Array.isArray(metric.labelNames)) throw new Error('prom-client keeps the names of labels elsewhere by now')
  return metric.labelNames.map(String)
}
