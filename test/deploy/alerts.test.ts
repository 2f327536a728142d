import { readFileSync } from 'node:fs'
import t from 'tap'
import { type Alert, readAlerts } from '../../docs/pages/alerts.ts'
import { lockMetrics, webhookMetrics } from '../../docs/pages/metrics.ts'
import { type Query, readQuery } from '../support/promql.ts'

interface KnownMetric {
  readonly type: string
  readonly labels: readonly string[]
}

// What others make: the API server, and kube-state-metrics.
const others: Readonly<Record<string, KnownMetric>> = {
  apiserver_admission_webhook_fail_open_count: { type: 'counter', labels: ['name', 'type'] },
  kube_daemonset_status_number_unavailable: { type: 'gauge', labels: ['namespace', 'daemonset'] },
}
const known = new Map<string, KnownMetric>([
  ...Object.entries(others),
  ...[...webhookMetrics(), ...lockMetrics()].flatMap(({ name, type, labels }): readonly [string, KnownMetric][] =>
    type === 'histogram'
      ? [[`${name}_bucket`, { type: 'counter', labels: [...labels, 'le'] }], [`${name}_sum`, { type: 'counter', labels }], [`${name}_count`, { type: 'counter', labels }]]
      : [[name, { type, labels }]],
  ),
])
// What Prometheus adds to whatever it scrapes.
const ofTargets = ['instance', 'job', 'namespace', 'pod']

t.test('every alert is PromQL, of metrics and labels that there are', async (t) => {
  const alerts = readAlerts()
  t.ok(alerts.length > 10)
  t.equal(new Set(alerts.map(({ name }) => name)).size, alerts.length)
  for (const { name, expression } of alerts) t.strictSame(faultsOf(expression), [], name)
})

t.test('every panel of the dashboard is, too', async (t) => {
  const { panels } = JSON.parse(readFileSync(new URL('../../deploy/chart/dashboards/usher.json', import.meta.url), 'utf8')) as { panels: readonly Panel[] }
  const queries = panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => ({ title, expr: expr.replaceAll('$__rate_interval', '5m') })))
  t.ok(queries.length > 20)
  for (const { title, expr } of queries) t.strictSame(faultsOf(expr), [], title)
})

t.test('what is no PromQL, or asks for what is not there, is found', async (t) => {
  t.match(faultsOf('sum(rate(usher_lock_grants_total[5m])'), [/^at \d+/])
  t.strictSame(faultsOf('usher_lock_nothing > 1'), ['there is no usher_lock_nothing'])
  t.strictSame(faultsOf('usher_lock_leases{kind="floor"}'), ['usher_lock_leases has no label kind'])
  t.strictSame(faultsOf('sum by (kind) (usher_lock_leases)'), ['nothing has a label kind'])
  t.strictSame(faultsOf('rate(usher_lock_waiting[5m])'), ['rate of usher_lock_waiting, which is a gauge'])
  t.strictSame(faultsOf('usher_lock_grants_total > 1'), ['usher_lock_grants_total is a counter: only its increase says something'])
})

t.test('every alert says what is so, in words of its own labels, and what to do', async (t) => {
  for (const alert of readAlerts()) {
    t.match(alert, { name: /^Usher[A-Z][A-Za-z]+$/, severity: /^(warning|info)$/, summary: /\.$/, description: /\.$/, holds: /^(\d+[smh])?$/ }, alert.name)
    t.strictSame(labelsIn(alert).filter((label) => !readQuery(alert.expression).grouping.includes(label)), [], `${alert.name}: the labels that it shows are left`)
  }
})

interface Panel {
  readonly title: string
  readonly targets?: readonly { readonly expr: string }[]
}

function faultsOf(expression: string): readonly string[] {
  const query = readQuery(expression)
  const of = query.selectors.map(({ metric }) => known.get(metric))
  const grouping = query.grouping.filter((label) => !ofTargets.includes(label) && !of.some((each) => each?.labels.includes(label) === true))
  return [...query.faults, ...query.selectors.flatMap(faultsOfSelector), ...grouping.map((label) => `nothing has a label ${label}`)]
}

function faultsOfSelector({ metric, labels, over }: Query['selectors'][number]): readonly string[] {
  const found = known.get(metric)
  if (found === undefined) return [`there is no ${metric}`]
  const unknown = labels.filter((label) => !found.labels.includes(label) && !ofTargets.includes(label)).map((label) => `${metric} has no label ${label}`)
  const isCounted = over === 'rate' || over === 'increase'
  if (isCounted && found.type !== 'counter') return [...unknown, `${over} of ${metric}, which is a ${found.type}`]
  // Whether there is one at all is the exception.
  if (!isCounted && found.type === 'counter' && metric !== 'usher_webhook_failures_total') return [...unknown, `${metric} is a counter: only its increase says something`]
  return unknown
}

function labelsIn({ summary, description }: Alert): readonly string[] {
  return [...`${summary} ${description}`.matchAll(/\$labels\.(\w+)/g)].map(([, label = '']) => label)
}
