import t from 'tap'
import type { JsonObject } from '../../src/units/json.ts'
import { jobObject, jobObjects } from '../support/job-objects.ts'
import { listAt, shown, valueAt } from '../support/pod-reader.ts'
import { until } from '../support/until.ts'
import { startJobStage } from './job-stage.ts'
import { startLogKubelet } from './log-kubelet.ts'

const stage = await startJobStage(t)
const { change, content, names, pods, shell } = stage
const waitMs = 60_000

t.test('a run puts everything in, and ends when all instances are healthy; again it changes nothing', async (t) => {
  await stage.namespace(t, 'first')
  const objects = jobObjects('web', { namespace: 'first', replicas: 3 })
  const run = await change('first', 'web', objects)
  t.match(run, { code: 0, stdout: /^created +ConfigMap web-config\ncreated +Service web\ncreated +Deployment web\n/m }, run.stderr)
  t.match(run.stdout, /^job web runs: revision 1, 3 instances$/m)
  t.match(run.stdout, /warning: there is no namespace usher-system/)
  stage.calls()
  const again = await change('first', 'web', objects)
  t.match(again, { code: 0, stdout: 'job web is as it is to be (revision 1); nothing was changed\n' }, again.stderr)
  t.strictSame(writesAmong(stage.calls()), [])
  t.match((await shell.run('usher job history web -n first')).stdout, /^1 +deployed +\d+s +run +3$/m)
  await stage.send('DELETE', '/api/v1/namespaces/first/services/web')
  const mended = await change('first', 'web', objects)
  t.match(mended, { code: 0, stdout: /^created +Service web\n/m }, 'what somebody has deleted comes back')
})

/** But for dry runs. */
function writesAmong(calls: readonly string[]): readonly string[] {
  return calls.filter((call) => !/^(?:get|list|watch) /.test(call) && !call.includes('dryRun=All'))
}

t.test('what is refused by a dry run is told whole, and nothing is changed', async (t) => {
  await stage.namespace(t, 'refused')
  const [config, service, deployment] = jobObjects('web', { namespace: 'refused' })
  const broken = [config, { ...service, spec: { ports: [{ port: 99_999 }] } }, { ...deployment, spec: { replicas: -1 } }] as readonly JsonObject[]
  const run = await change('refused', 'web', broken)
  t.match(run, { code: 4, stderr: /^job web: Service web: .*99999.*; Deployment web: .*replicas.*\. Nothing was changed\. \(rejected-by-cluster\)\n$/ })
  t.match(JSON.parse(run.stdout), { type: /#rejected-by-cluster$/, title: 'The cluster rejects the job', job: 'web', detail: /Service web/ })
  t.strictSame(await names('refused'), [])
  t.equal(await stage.find('/api/v1/namespaces/refused/secrets/usher-job.web'), undefined, 'nor is there a ledger')
})

t.test('no room: the problem document, and what runs stays', async (t) => {
  await stage.namespace(t, 'small')
  t.match(await change('small', 'web', jobObjects('web', { namespace: 'small', replicas: 3 })), { code: 0 })
  const before = await content('small')
  const problem = { code: 'insufficient-memory', detail: 'Job requires 12G of memory but only 10G can be allocated.' } as const
  const run = await change('small', 'web', jobObjects('web', { namespace: 'small', replicas: 5 }), { problem })
  t.equal(run.code, 4)
  t.match(JSON.parse(run.stdout), { type: 'https://usher.dev/docs/errors#insufficient-memory', title: 'Insufficient memory for job', detail: problem.detail, job: 'web' })
  t.strictSame(await content('small'), before)
  t.equal((await pods('small')).length, 3)
  t.notMatch((await shell.run('usher job history web -n small')).stdout, /^2 /m)
})

t.test('a failure at the third object leaves the cluster as it was', async (t) => {
  await stage.namespace(t, 'third')
  await denyForReal('third')
  await t.test('where nothing was before', async (t) => {
    const run = await change('third', 'web', [...jobObjects('web', { namespace: 'third', setting: 'forbidden' })])
    t.match(run, { code: 5, stdout: /Deployment web: .*not for real[^]*revision 1 of job web has failed, and nothing of it is left/ }, run.stderr)
    t.strictSame(await names('third'), [])
  })
  await t.test('where a revision was before', async (t) => {
    t.match(await change('third', 'web', jobObjects('web', { namespace: 'third', image: 'app:allowed' })), { code: 0 })
    const before = await content('third')
    const run = await change('third', 'web', jobObjects('web', { namespace: 'third', image: 'app:2', setting: 'b', extra: ['more'] }))
    t.match(run, { code: 5, stdout: /^changed +ConfigMap web-config$[^]*revision 3 of job web has failed, and revision 2 is back/m }, run.stderr)
    t.strictSame(await content('third'), before)
  })
})

/** Has the API server refuse Deployments, but for dry runs and for one image. */
async function denyForReal(namespace: string): Promise<void> {
  const expression = "request.dryRun || object.spec.template.spec.containers[0].image == 'app:allowed'"
  const rule = { apiGroups: ['apps'], apiVersions: ['v1'], operations: ['CREATE', 'UPDATE'], resources: ['deployments'] }
  const group = '/apis/admissionregistration.k8s.io/v1'
  await stage.send('POST', `${group}/validatingadmissionpolicies`, { metadata: { name: 'real' }, spec: { matchConstraints: { resourceRules: [rule] }, validations: [{ expression, message: 'not for real' }] } })
  const matchResources = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } } }
  await stage.send('POST', `${group}/validatingadmissionpolicybindings`, { metadata: { name: 'real' }, spec: { policyName: 'real', validationActions: ['Deny'], matchResources } })
  const denied = { ...jobObjects('probe', { namespace })[2] }
  await until('the policy holds', async () => {
    const { code } = await shell.run(`kubectl create -n ${namespace} -f -`, JSON.stringify(denied))
    if (code === 0) await shell.read(`kubectl delete deployment probe -n ${namespace}`)
    return code !== 0
  }, waitMs)
}

t.test('what does not become healthy: evidence first, then the revision before is back; the history keeps it', async (t) => {
  await stage.namespace(t, 'late')
  t.match(await change('late', 'web', jobObjects('web', { namespace: 'late' })), { code: 0 })
  const before = await content('late')
  const run = await change('late', 'web', jobObjects('web', { namespace: 'late', image: 'bad:2', setting: 'b', extra: ['new'] }), { timeoutMs: 2_000 })
  t.match(run, { code: 5 }, run.stderr)
  t.match(run.stdout, /Deployment web is not healthy after 2s: 2 of 2 instances are healthy, 1 is of this revision\n[^]*app waits: ImagePullBackOff: Back-off pulling image "bad:2"[^]*revision 2 of job web has failed, and revision 1 is back/)
  t.strictSame(await content('late'), before)
  const history = await shell.run('usher job history web -n late --revision 2')
  t.match(history.stdout, /is not healthy after 2s[^]*ImagePullBackOff/)
  const [, second] = listAt(JSON.parse((await shell.run('usher job history web -n late -o json')).stdout), 'revisions')
  t.match(second, { revision: 2, state: 'failed', message: /not healthy/, evidence: Array })

  const hopeless = await change('late', 'web', jobObjects('web', { namespace: 'late', image: 'bad:invalid' }))
  t.match(hopeless, { code: 5, stdout: /app will never start: InvalidImageName/ }, 'what no time mends is not waited for')
  t.strictSame(await content('late'), before)
})

t.test('the time of a rollout is counted anew with each instance that has become healthy', async (t) => {
  await stage.send('POST', '/api/v1/namespaces', { metadata: { name: 'slow' } })
  const path = '/apis/apps/v1/namespaces/slow/deployments/web'
  const timeoutMs = 8_000
  const running = change('slow', 'web', jobObjects('web', { namespace: 'slow', replicas: 3 }), { timeoutMs, isForEach: true })
  await until('the Deployment is there', () => stage.deployment('slow'), waitMs)
  const start = performance.now()
  for (const ready of [1, 2, 3]) {
    await until(`it is time for number ${ready}`, () => performance.now() - start > ready * 4_000, waitMs)
    await stage.send('PATCH', `${path}/status`, { status: { observedGeneration: 1, replicas: 3, updatedReplicas: 3, readyReplicas: ready, availableReplicas: ready } })
  }
  t.match(await running, { code: 0 })
  t.ok(performance.now() - start > timeoutMs, 'all of it took longer')
  const next = change('slow', 'web', jobObjects('web', { namespace: 'slow', image: 'app:2', replicas: 3 }), { timeoutMs: 2_000, isForEach: true })
  t.match(await next, { code: 5, stdout: /is not healthy after 2s without another healthy instance: / })
})

t.test('a first run that does not become healthy leaves nothing', async (t) => {
  await stage.namespace(t, 'nothing')
  const run = await change('nothing', 'web', jobObjects('web', { namespace: 'nothing', image: 'bad:1', hasVolume: true }), { timeoutMs: 2_000 })
  t.match(run, { code: 5, stdout: /nothing of it is left/ }, run.stderr)
  t.strictSame(await names('nothing'), [])
})

t.test('what the job has no more goes when all is healthy; shared volumes stay', async (t) => {
  await stage.namespace(t, 'pruned')
  t.match(await change('pruned', 'web', jobObjects('web', { namespace: 'pruned', extra: ['one', 'two'], hasVolume: true })), { code: 0 })
  await shell.read('kubectl label configmap one -n pruned usher.dev/job=other --overwrite')
  const run = await change('pruned', 'web', jobObjects('web', { namespace: 'pruned', image: 'app:2' }))
  t.match(run, { code: 0, stdout: /deleted +ConfigMap two\n/ }, run.stderr)
  t.strictSame(await names('pruned'), ['ConfigMap one', 'ConfigMap web-config', 'Deployment web', 'PersistentVolumeClaim web-data', 'Service web'], 'nor does what is another job’s by now')
})

t.test('what others have set or put in: a sentence; --force-conflicts takes it over, and a failure puts it back', async (t) => {
  await stage.namespace(t, 'others')
  t.match(await change('others', 'web', jobObjects('web', { namespace: 'others' })), { code: 0 })
  await shell.read('kubectl scale deployment web -n others --replicas 4')
  const objects = jobObjects('web', { namespace: 'others', image: 'app:2' })
  const conflict = await change('others', 'web', objects)
  t.match(conflict, { code: 4, stderr: /Deployment web: kubectl has set \.spec\.replicas \(--force-conflicts sets that back\)/ })
  t.match(await change('others', 'web', objects, { isForced: true }), { code: 0 })

  await shell.read('kubectl create configmap mine -n others --from-literal setting=mine')
  const taking = jobObjects('web', { namespace: 'others', image: 'app:2', extra: ['mine'] })
  t.match(await change('others', 'web', taking), { code: 4, stderr: /ConfigMap mine is there already, and is not of this job/ })
  const failing = await change('others', 'web', jobObjects('web', { namespace: 'others', image: 'bad:3', extra: ['mine'] }), { isForced: true, timeoutMs: 2_000 })
  t.equal(failing.code, 5, failing.stdout + failing.stderr)
  const mine = await stage.find('/api/v1/namespaces/others/configmaps/mine')
  t.match(mine, { data: { setting: 'mine' } })
  t.equal(valueAt(mine, 'metadata', 'labels', 'usher.dev/job'), undefined)
})

t.test('instances that end by themselves cannot be changed in place: they are made anew, and so are those before', async (t) => {
  await stage.namespace(t, 'batch')
  const batch = (image: string): readonly JsonObject[] => [
    jobObject('batch/v1', 'Job', 'once', 'once', { spec: { completions: 0, parallelism: 0, completionMode: 'Indexed', template: { metadata: { labels: { 'usher.dev/job': 'once' } }, spec: { restartPolicy: 'Never', containers: [{ name: 'app', image }] } } } }, 'batch'),
  ]
  const imageOf = async (): Promise<unknown> => listAt(await stage.find('/apis/batch/v1/namespaces/batch/jobs/once'), 'spec', 'template', 'spec', 'containers')[0]?.['image']
  t.match(await change('batch', 'once', batch('app:1')), { code: 0 })
  const run = await change('batch', 'once', batch('app:2'))
  t.match(run, { code: 0, stdout: /^replaced +Job once$/m }, run.stderr)
  t.equal(await imageOf(), 'app:2')
  t.match(await shell.run('usher job rollback once -n batch'), { code: 0 })
  t.equal(await imageOf(), 'app:1')
})

t.test('instances that had ended are not run again by a change that fails, and that is told; those that had not, are', async (t) => {
  await stage.namespace(t, 'ended')
  const batch = (name: string, image: string): readonly JsonObject[] => [
    jobObject('batch/v1', 'Job', name, name, { spec: { completions: 1, parallelism: 1, template: { metadata: { labels: { 'usher.dev/job': name } }, spec: { restartPolicy: 'Never', containers: [{ name: 'app', image }] } } } }, 'ended'),
  ]
  const jobs = '/apis/batch/v1/namespaces/ended/jobs'
  for (const name of ['done', 'busy']) {
    const first = change('ended', name, batch(name, 'app:1'))
    await until(`${name} is there`, () => stage.find(`${jobs}/${name}`), waitMs)
    await stage.send('PATCH', `${jobs}/${name}/status`, { status: { startTime: new Date().toISOString(), active: 1, ready: 1 } })
    t.match(await first, { code: 0 })
  }
  const time = new Date().toISOString().replace(/\.\d+Z/, 'Z')
  const condition = (type: string): JsonObject => ({ type, status: 'True', lastTransitionTime: time, lastProbeTime: time })
  await stage.send('PATCH', `${jobs}/done/status`, { status: { active: 0, ready: 0, succeeded: 1, completionTime: time, conditions: [condition('SuccessCriteriaMet'), condition('Complete')] } })

  const done = await change('ended', 'done', batch('done', 'app:2'), { timeoutMs: 1_000 })
  t.match(done, { code: 5, stdout: /Job done had ended before, and is not there any more: it is not done again; usher job rollback done --to 1 does it\nrevision 2 of job done has failed, and revision 1 is back, but for what had ended;/ }, done.stdout + done.stderr)
  t.equal(await stage.find(`${jobs}/done`), undefined)
  const busy = await change('ended', 'busy', batch('busy', 'app:2'), { timeoutMs: 1_000 })
  t.match(busy, { code: 5, stdout: /and revision 1 is back;/ }, busy.stdout + busy.stderr)
  t.equal(listAt(await stage.find(`${jobs}/busy`), 'spec', 'template', 'spec', 'containers')[0]?.['image'], 'app:1')
})

t.test('for machines: one object a line', async (t) => {
  await stage.namespace(t, 'json')
  const { stdout, code } = await change('json', 'web', jobObjects('web', { namespace: 'json', replicas: 1 }), { form: 'json' })
  t.equal(code, 0)
  const events = stdout.trim().split('\n').map((line) => JSON.parse(line) as JsonObject)
  t.match(events.filter(({ event }) => event === 'object'), [{ outcome: 'created', kind: 'ConfigMap', name: 'web-config', job: 'web' }, { kind: 'Service' }, { kind: 'Deployment' }])
  t.match(events.at(-1), { event: 'deployed', job: 'web', revision: 1 })
})

t.test('what crashes: how it ended last, and the last 20 lines of its log, are shown and kept', async (t) => {
  const kubelet = await startLogKubelet(t)
  await stage.send('PATCH', '/api/v1/nodes/worker-1/status', { status: { addresses: [{ type: 'InternalIP', address: '127.0.0.1' }], daemonEndpoints: { kubeletEndpoint: { Port: kubelet.port } } } })
  await stage.namespace(t, 'crash')
  const running = change('crash', 'web', jobObjects('web', { namespace: 'crash', image: 'bad:crash', replicas: 1 }), { timeoutMs: 8_000 })
  const pod = await until('there is a pod', async () => (await pods('crash'))[0], waitMs)
  for (let line = 1; line <= 25; line++) kubelet.write(`${shown(valueAt(pod, 'metadata', 'name'))} app previous`, `line ${line} of its log`)
  const run = await running
  t.match(run, { code: 5, stdout: /app ended with 1: Error, after 3 restarts\n[^]*log of app:\n +\S*Z? ?line 6 of its log\n[^]*line 25 of its log\n/ }, run.stdout + run.stderr)
  t.notMatch(run.stdout, /line 5 of its log/)
  t.match((await shell.run('usher job history web -n crash --revision 1')).stdout, /line 25 of its log/)
})
