import t, { type Test } from 'tap'
import { joinJobs, type JobCluster } from '../../src/cli/job/job-cluster.ts'
import { jobReport } from '../../src/cli/job/job-report.ts'
import { stopJob } from '../../src/cli/job/stop-job.ts'
import { askWith } from '../../src/cli/asker.ts'
import type { FlagValues } from '../../src/cli/command.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { keptOutput } from '../support/job-change.ts'
import { jobObject, jobObjects } from '../support/job-objects.ts'
import { valueAt } from '../support/pod-reader.ts'
import { until } from '../support/until.ts'
import { start } from '../support/usher-process.ts'
import { startJobStage } from './job-stage.ts'

const stage = await startJobStage(t)
const { change, names, shell } = stage
const waitMs = 60_000
await stage.namespace(t, 'usher-system')

const claimOf = (job: string): string => `/api/v1/namespaces/usher-system/configmaps/job-name.${job}`
const traces = (job: string): readonly string[] => [claimOf(job), `/api/v1/namespaces/${job}/secrets/usher-job.${job}`, `/apis/coordination.k8s.io/v1/namespaces/${job}/leases/usher-job.${job}`]

/** Nothing is left of a job, in the namespace that is called as it. */
async function isGone(t: Test, job: string, when: string): Promise<void> {
  t.strictSame(await names(job), [], when)
  for (const path of traces(job)) t.equal(await stage.find(path), undefined, `${when}: ${path}`)
}

/** A job of which a part needs no controller to be healthy. */
function objectsOf(job: string): readonly JsonObject[] {
  const template = { metadata: { labels: { 'usher.dev/job': job } }, spec: { restartPolicy: 'Never', containers: [{ name: 'app', image: 'app:1' }] } }
  return [...jobObjects(job, { namespace: job }).slice(0, 2), jobObject('batch/v1', 'Job', job, job, { spec: { completions: 0, parallelism: 0, template } }, job)]
}

/** A cluster to which a client sends so many changes, and is gone then. Gives those that it has sent. */
async function dyingCluster(namespace: string, after: number): Promise<{ readonly cluster: JobCluster; readonly sent: readonly string[] }> {
  const flags: Readonly<Record<string, string>> = { kubeconfig: stage.kubeconfig, namespace }
  const values: FlagValues = { text: (name) => flags[name], texts: () => [], isOn: () => false, isGiven: (name) => name in flags }
  const { admin } = await joinJobs(values, new AbortController().signal)
  const sent: string[] = []
  let isDead = false
  const kube: typeof admin.kube = {
    ...admin.kube,
    async requestJson(config, request) {
      const isChange = (request.method ?? 'GET') !== 'GET'
      isDead ||= isChange && sent.length === after
      if (isDead) throw new admin.kube.ApiError(400, 'the client is gone')
      if (isChange) sent.push(`${request.method ?? ''} ${request.path}`)
      return admin.kube.requestJson(config, request)
    },
  }
  const dying = { ...admin, kube }
  return { cluster: { admin: dying, asker: askWith(dying, new AbortController().signal), namespace }, sent }
}

/** Stops a job until its client is gone. */
async function stopUntil(job: string, after: number): Promise<readonly string[]> {
  const output = keptOutput()
  const { cluster, sent } = await dyingCluster(job, after)
  const stop = { cluster, job, report: jobReport(output, job, 'table'), output, usherNamespace: undefined, timeoutMs: 10_000, isWithVolumes: false, isAgreed: true, stopping: new AbortController().signal }
  await stopJob(stop).catch(() => {})
  return sent
}

// The ledger, a workload, a Service, a ConfigMap, the name, the lease, the ledger.
const steps = [0, 1, 2, 3, 4, 5, 6] as const

t.test('a stop whose client is gone after any of its steps: the next stop, and the next run, do what they are to', async (t) => {
  await t.test('the next stop leaves nothing, and the name is free', async (t) => {
    await Promise.all(
      steps.map(async (after) => {
        const job = `stop-${after}`
        await stage.namespace(t, job)
        t.match(await change(job, job, objectsOf(job)), { code: 0 })
        const sent = await stopUntil(job, after)
        t.equal(sent.length, after, sent.join('; '))
        const next = await shell.run(`usher job stop ${job} -n ${job} --yes`)
        t.match(next, { code: 0, stdout: new RegExp(`job ${job} is stopped`) }, `after ${sent.join('; ')}: ${next.stdout}${next.stderr}`)
        await isGone(t, job, `after ${after} steps`)
      }),
    )
  })
  await t.test('the next run has all of it, and its name', async (t) => {
    await Promise.all(
      steps.map(async (after) => {
        const job = `run-${after}`
        await stage.namespace(t, job)
        t.match(await change(job, job, objectsOf(job)), { code: 0 })
        const before = await names(job)
        const sent = await stopUntil(job, after)
        const next = await change(job, job, objectsOf(job))
        t.match(next, { code: 0 }, `after ${sent.join('; ')}: ${next.stdout}${next.stderr}`)
        t.strictSame(await names(job), before)
        t.equal(valueAt(await stage.find(claimOf(job)), 'data', 'namespace'), job, `after ${sent.join('; ')}, no other namespace may have it`)
      }),
    )
  })
  await t.test('these are all of its steps', async (t) => {
    await stage.namespace(t, 'all')
    t.match(await change('all', 'all', objectsOf('all')), { code: 0 })
    t.equal((await stopUntil('all', 100)).length, steps.length)
    await isGone(t, 'all', 'without a fault')
  })
})

t.test('a stop that is killed by kill -9 while it waits for instances: the next one ends what it has begun', async (t) => {
  const played = await stage.namespace(t, 'web')
  t.match(await change('web', 'web', jobObjects('web', { namespace: 'web' })), { code: 0 })
  await played.stop()
  const stopping = start(t, ['job', 'stop', 'web', '-n', 'web', '--yes'], { env: { KUBECONFIG: stage.kubeconfig, HOME: '/nonexistent' } })
  await until(`it waits: ${stopping.stderr()}`, () => stopping.stdout().includes('waiting for 2 instances to end'), waitMs)
  stopping.kill('SIGKILL')
  await stopping.ended
  t.strictSame(await names('web'), ['ConfigMap web-config', 'Service web'])
  await shell.read('kubectl delete pods --all -n web --force --grace-period=0')
  const next = await shell.run('usher job stop web -n web --yes')
  t.match(next, { code: 0, stdout: /has begun to stop job web at [^]*they are not; going on from there[^]*job web is stopped/ }, next.stderr)
  await isGone(t, 'web', 'in the end')
})
