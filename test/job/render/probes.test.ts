import t from 'tap'
import type { Healthcheck, JobContainer } from '../../../src/job/job.ts'
import { container, healthcheck, job, seen, simpleWebapp } from '../../support/job-values.ts'
import { listAt, objectAt, valueAt } from '../../support/pod-reader.ts'

const http = { type: 'http', port: 3000, path: '/healthcheck', expect: '200' } as const

function probes(check: Healthcheck): Record<'startupProbe' | 'readinessProbe' | 'livenessProbe', unknown> {
  const [app] = listAt(seen(job([container('app', { healthcheck: check })])).pod, 'containers')
  return { startupProbe: app?.['startupProbe'], readinessProbe: app?.['readinessProbe'], livenessProbe: app?.['livenessProbe'] }
}

t.test('the thresholds of the sketch are those of readiness and liveness; the start is looked at more often', async (t) => {
  const exec = { command: ['/usher-probe/usher-probe', 'http', '3000', '/healthcheck', '--timeout', '30'] }
  t.strictSame(probes(healthcheck(http)), {
    startupProbe: { exec, timeoutSeconds: 31, periodSeconds: 5, failureThreshold: 24 },
    readinessProbe: { exec, timeoutSeconds: 31, periodSeconds: 60, successThreshold: 2, failureThreshold: 2 },
    livenessProbe: { exec, timeoutSeconds: 31, periodSeconds: 60, failureThreshold: 2 },
  })
})

t.test('each kind of check has its handler', async (t) => {
  const handlerOf = (check: Healthcheck['check']): unknown => probes(healthcheck(check)).readinessProbe
  t.match(handlerOf({ ...http, expect: '2xx-3xx' }), { httpGet: { port: 3000, path: '/healthcheck' }, timeoutSeconds: 30 })
  t.match(handlerOf({ type: 'tcp', port: 5432 }), { tcpSocket: { port: 5432 } })
  t.match(handlerOf({ type: 'command', command: ['pg_isready'] }), { exec: { command: ['pg_isready'] }, timeoutSeconds: 30 })
})

t.test('the start period, and then as many checks as may fail, is the time to start: a minute at the least', async (t) => {
  const startOf = (parts: Partial<Healthcheck>): unknown => probes(healthcheck(http, parts)).startupProbe
  t.match(startOf({ startPeriodSeconds: 90, intervalSeconds: 10, unhealthyThreshold: 3, startIntervalSeconds: 7 }), { periodSeconds: 7, failureThreshold: 18 })
  t.match(startOf({ intervalSeconds: 5 }), { periodSeconds: 5, failureThreshold: 12 })
})

t.test('times are whole seconds, from one', async (t) => {
  const found = probes(healthcheck({ type: 'tcp', port: 1 }, { timeoutSeconds: 0.2, intervalSeconds: 1.5, startIntervalSeconds: 0.5 }))
  t.match(found, { startupProbe: { periodSeconds: 1 }, readinessProbe: { periodSeconds: 2, timeoutSeconds: 1 } })
})

t.test('a sidecar holds back what waits for its health, and nothing else', async (t) => {
  const waiting = (condition: 'started' | 'healthy'): unknown => {
    const db = container('db', { healthcheck: healthcheck({ type: 'tcp', port: 5432 }, { startPeriodSeconds: 40, intervalSeconds: 10 }) })
    const { pod } = seen(job([container('app', { dependsOn: [{ container: 'db', condition }] }), db]))
    return listAt(pod, 'initContainers')[0]
  }
  t.match(waiting('healthy'), { startupProbe: { failureThreshold: 12 }, livenessProbe: { initialDelaySeconds: undefined } })
  t.match(waiting('started'), { startupProbe: undefined, livenessProbe: { initialDelaySeconds: 40 }, readinessProbe: {} })
})

t.test('a task has no probes: the API server takes none there', async (t) => {
  const task = container('task', { healthcheck: healthcheck(http) })
  const { pod } = seen(job([container('app', { dependsOn: [{ container: 'task', condition: 'completed' }] }), task]))
  t.strictSame(Object.keys(listAt(pod, 'initContainers').find(({ name }) => name === 'task') ?? {}).filter((key) => key.endsWith('Probe')), [])
})

t.test('the program of checks comes along where a check takes it, and not else', async (t) => {
  const { pod } = seen(simpleWebapp)
  const [first] = listAt(pod, 'initContainers')
  t.match(first, {
    name: 'usher-probe',
    image: 'usher-wait:0.1.0',
    args: ['--install-probe=/volume/usher-probe', '--no-lock', '--strict'],
    volumeMounts: [{ name: 'usher-probe', mountPath: '/volume' }],
    resources: { requests: { memory: '2Gi' }, limits: { memory: '2Gi' } },
    securityContext: { runAsNonRoot: true, readOnlyRootFilesystem: true },
  })
  t.strictSame(listAt(pod, 'volumes')[0], { name: 'usher-probe', emptyDir: { medium: 'Memory', sizeLimit: '1Mi' } })
  const mounts = (found: unknown): unknown[] => listAt(found, 'volumeMounts').map(({ mountPath }) => mountPath)
  t.strictSame(listAt(pod, 'containers').map(mounts), [['/usher-probe', '/data/shared', '/data/scratch']])
  t.strictSame(mounts(listAt(pod, 'initContainers')[1]), ['/var/lib/postgresql/data'], 'not in a container without such a check')

  const plain: JobContainer = container('app', { healthcheck: healthcheck({ ...http, expect: '2xx-3xx' }) })
  const without = seen(job([plain]))
  t.equal(without.pod['initContainers'], undefined)
  t.equal(without.pod['volumes'], undefined)
  t.strictSame(objectAt(without.workload, 'spec', 'template', 'metadata', 'annotations'), {})
  t.equal(valueAt(seen(simpleWebapp).workload, 'spec', 'template', 'metadata', 'annotations', 'cluster-autoscaler.kubernetes.io/safe-to-evict-local-volumes'), 'usher-probe,local-app-data-scratch,local-db-data')
})
