import t from 'tap'
import type { Job, JobContainer } from '../../../src/job/job.ts'
import { container, healthcheck, job, seen } from '../../support/job-values.ts'
import { listAt, objectAt, valueAt } from '../../support/pod-reader.ts'

const app = container('app')
const never: JobContainer = container('once', { restart: { policy: 'never' } })
const retried = (name: string, tries?: number): JobContainer => container(name, { restart: { policy: 'on-failure', ...(tries === undefined ? {} : { tries }) } })
const hostPort = container('app', { ports: [{ port: 80, target: 80, protocol: 'TCP', isHostPort: true }] })

const specOf = (value: Job): unknown => seen(value).workload['spec']
const annotationsOf = (value: Job): unknown => objectAt(seen(value).workload, 'spec', 'template', 'metadata', 'annotations')

t.test('restart policies beside a container that always runs are those of the containers', async (t) => {
  const { workload, pod, warnings } = seen(job([app, never, retried('some', 3)]))
  t.equal(workload['kind'], 'Deployment')
  t.strictSame([pod['restartPolicy'], ...listAt(pod, 'containers').map(({ restartPolicy }) => restartPolicy)], ['Always', undefined, 'Never', 'OnFailure'])
  t.match(warnings, [/^container once: once it has ended, Kubernetes counts the instance as not ready/, /^container some: once it has ended/, /^container some: .* not 3 times$/])
})

t.test('where no regular container always runs, a batch Job: each instance an index with tries of its own', async (t) => {
  const { workload, pod } = seen(job([retried('some', 3), never], { instances: 4 }))
  t.match(workload, { apiVersion: 'batch/v1', kind: 'Job', spec: { completionMode: 'Indexed', completions: 4, parallelism: 4, backoffLimitPerIndex: 3 } })
  t.strictSame(listAt(workload, 'spec', 'podFailurePolicy', 'rules'), [
    { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
    { action: 'FailIndex', onExitCodes: { containerName: 'once', operator: 'NotIn', values: [0] } },
  ])
  t.equal(valueAt(workload, 'spec', 'selector'), undefined, 'it makes one of its own')
  t.strictSame([pod['restartPolicy'], listAt(pod, 'containers').some((each) => 'restartPolicy' in each)], ['Never', false])
  t.match(specOf(job([never])), { backoffLimitPerIndex: 0, podFailurePolicy: { rules: { length: 1 } } })
  t.match(specOf(job([retried('some')])), { backoffLimitPerIndex: 2_147_483_647 })
  t.match(annotationsOf(job([never])), { 'usher.dev/lock': 'enabled' }, 'the webhook leaves those alone that do not ask')
})

t.test('sidecars that always run make no Deployment of a job that finishes', async (t) => {
  const value = job([container('report', { restart: { policy: 'never' }, dependsOn: [{ container: 'db', condition: 'started' }] }), container('db')])
  t.equal(seen(value).workload['kind'], 'Job')
})

t.test('one instance on each node is a DaemonSet, without a place of its own to choose', async (t) => {
  const { workload, pod, objects, warnings } = seen(job([app], { instances: 'each-node' }))
  t.match(workload, { kind: 'DaemonSet', spec: { replicas: undefined, updateStrategy: { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } } } })
  t.strictSame([pod['tolerations'], pod['topologySpreadConstraints']], [undefined, undefined])
  t.notOk(objects.some(({ kind }) => kind === 'PodDisruptionBudget'))
  t.match(warnings.at(-1), /start without the lock/)
})

t.test('one by one, a new instance before an old one; where ports of the node are taken, after it; or all at once', async (t) => {
  const stopFirst = { order: 'stop-first', rollback: true } as const
  const strategyOf = (value: Job): unknown => objectAt(specOf(value), 'strategy')
  t.strictSame(strategyOf(job([app])), { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } })
  t.strictSame(strategyOf(job([hostPort])), { type: 'RollingUpdate', rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } })
  t.match(seen(job([hostPort])).warnings.at(-1), /an old instance ends before a new one starts/)
  t.strictSame(strategyOf(job([app], { update: stopFirst })), { type: 'Recreate' })
  t.match(specOf(job([app], { instances: 'each-node', update: stopFirst })), { updateStrategy: { rollingUpdate: { maxUnavailable: 1, maxSurge: 0 } } })
})

t.test('several instances are spread, and taken away one at a time', async (t) => {
  const { pod, of } = seen(job([app], { instances: 2 }))
  t.match(pod['topologySpreadConstraints'], [{ topologyKey: 'kubernetes.io/hostname', whenUnsatisfiable: 'ScheduleAnyway', maxSkew: 1 }])
  t.match(of('PodDisruptionBudget'), { spec: { maxUnavailable: 1, selector: { matchLabels: { 'usher.dev/job': 'web' } } } })
  for (const instances of [0, 1]) {
    const alone = seen(job([app], { instances }))
    t.strictSame(alone.of('PodDisruptionBudget'), {})
    t.match(alone.workload, { spec: { replicas: instances } })
  }
})

t.test('another number of instances changes nothing in their template, so that those that run stay', async (t) => {
  for (const containers of [[app], [container('once', { restart: { policy: 'never' } })]]) {
    const [none, ...others] = [0, 1, 2, 5].map((instances) => objectAt(specOf(job(containers, { instances })), 'template'))
    for (const other of others) t.strictSame(other, none)
  }
})

t.test('what says nothing of this kind of job is told', async (t) => {
  const update = { order: 'stop-first', rollback: true } as const
  t.match(seen(job([container('once', { restart: { policy: 'never' } })], { update })).warnings, [/^update\.order says nothing/])
  t.match(seen(job([app], { instances: 'each-node', reallocateAfterSeconds: 45 })).warnings, [/^reallocate_after says nothing/, /start without the lock/])
  t.notMatch(seen(job([app], { update, reallocateAfterSeconds: 45 })).warnings, [/says nothing/])
})

t.test('an instance leaves a lost node after the time that the file says', async (t) => {
  const { pod } = seen(job([app], { reallocateAfterSeconds: 45 }))
  const toleration = { operator: 'Exists', effect: 'NoExecute', tolerationSeconds: 45 }
  t.strictSame(pod['tolerations'], ['not-ready', 'unreachable'].map((condition) => ({ key: `node.kubernetes.io/${condition}`, ...toleration })))
})

t.test('the grace period is that of the slowest regular container, and then of each sidecar', async (t) => {
  const on = (name: string, condition: 'started' | 'completed'): JobContainer['dependsOn'][number] => ({ container: name, condition })
  const value = job([
    container('app', { stopGraceSeconds: 20, dependsOn: [on('db', 'started'), on('cache', 'started'), on('task', 'completed')] }),
    container('worker', { stopGraceSeconds: 25 }),
    container('db', { stopGraceSeconds: 30 }),
    container('cache', { stopGraceSeconds: 5 }),
    container('task', { stopGraceSeconds: 100 }),
  ])
  t.equal(seen(value).pod['terminationGracePeriodSeconds'], 60)
})

t.test('the deadline of a rollout covers the slowest start, and is never less than the usual', async (t) => {
  const deadlineOf = (value: Job): unknown => valueAt(specOf(value), 'progressDeadlineSeconds')
  t.equal(deadlineOf(job([app])), 600)
  const slow = container('app', { healthcheck: healthcheck({ type: 'tcp', port: 1 }, { startPeriodSeconds: 900 }) })
  // 180 s for images, 240 s for the lock, 900 + 2 × 60 s to start, 2 × 60 s to be ready.
  t.equal(deadlineOf(job([slow])), 1_560)
  t.equal(deadlineOf(job([slow], { startupLock: { isEnabled: false } })), 1_320)
  t.equal(deadlineOf(job([slow], { startupLock: { isEnabled: true, timeoutSeconds: 60 } })), 1_380)
  t.equal(deadlineOf(job([slow], { dependsOn: ['job/db:timeout=1h', 'service/cache'] })), 5_160)
  t.equal(deadlineOf(job([slow], { dependsOn: ['service/cache'] })), 2_160)
})

t.test('gate, lock and nap are annotations of the pods', async (t) => {
  t.match(annotationsOf(job([app], { dependsOn: ['job/db:timeout=10m', 'service/shop/redis'], startupLock: { isEnabled: true, timeoutSeconds: 90 }, napSeconds: 15 })), {
    'usher.dev/depends-on': 'job/db:timeout=10m, service/shop/redis',
    'usher.dev/lock-max-wait': '90s',
    'usher.dev/nap': '15s',
  })
  t.strictSame(annotationsOf(job([app], { startupLock: { isEnabled: false, timeoutSeconds: 90 }, napSeconds: 0 })), { 'usher.dev/lock': 'disabled', 'usher.dev/nap': 'disabled' })
})

t.test('a role of Vault is an annotation for its injector, and the one reason for a token', async (t) => {
  const value = job([app], { vaultRole: 'shop' })
  t.match(annotationsOf(value), { 'vault.hashicorp.com/agent-inject': 'true', 'vault.hashicorp.com/role': 'shop', 'vault.hashicorp.com/agent-inject-token': 'true' })
  t.equal(seen(value).pod['automountServiceAccountToken'], true)
  t.match(annotationsOf(job([never], { vaultRole: 'shop' })), { 'vault.hashicorp.com/agent-pre-populate-only': 'true' })
})
