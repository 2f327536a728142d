import t from 'tap'
import { listAt, valueAt } from '../support/pod-reader.ts'
import { startJobStage } from './job-stage.ts'

const stage = await startJobStage(t)
const { names, shell } = stage
// Several tests go on with it.
await stage.namespace(t, 'shop')

/** The example of the idea, as large as the node is. */
const file = ({ instances = 2, memory = '1G', image = 'web-app-image' }: { readonly instances?: number; readonly memory?: string; readonly image?: string } = {}): string => `
name: "simple-webapp"
numInstances: ${instances}
containers:
  app:
    image: ${image}
    restart: always
    command: ["bin/rails", "s", "--restart"]
    environment: [{name: DATABASE_URL, value: "postgresql://webapp:webapp@localhost/webapp"}]
    ports: ["80:3000"]
    depends_on: [db]
    memory: ${memory}
    healthcheck: {type: http, port: 3000, path: /healthcheck, timeout: 30, interval: 60, healthy_threshold: 2, unhealthy_threshold: 2}
    volumes: [{type: shared, path: /data/shared, space: 1G}, {type: local, path: /data/scratch, space: 100M}]
  db:
    image: postgres:13
    restart: always
    memory: 1G
    environment: [{name: POSTGRES_USER, value: webapp}, {name: POSTGRES_PASSWORD, value: webapp}, {name: POSTGRES_DB, value: webapp}]
    volumes: [{type: local, path: /var/lib/postgresql/data, space: 1G}]
`
const on = (namespace: string): string => `-n ${namespace} --shared-storage-class nfs`

t.test('pods that the cluster does not take: rejected, rather than waited for; what runs may be made fewer all the same', async (t) => {
  await stage.namespace(t, 'strict')
  const web = (image: string): string => `name: web\nnumInstances: 2\ncontainers: {app: {image: ${image}, memory: 100M}}\n`
  const restrict = (value: string): Promise<string> => shell.read(`kubectl label namespace strict --overwrite pod-security.kubernetes.io/enforce=${value}`)
  await restrict('restricted')
  const refused = await shell.run('usher job run -f - -n strict', web('app:1'))
  t.match(refused, { code: 4, stderr: /a pod of Deployment web: .*violates PodSecurity.* Nothing was changed/ }, refused.stdout)
  t.strictSame(await names('strict'), [])
  await restrict('privileged')
  t.match(await shell.run('usher job run -f - -n strict', web('app:1')), { code: 0 })
  await restrict('restricted')
  t.match(await shell.run('usher job run -f - -n strict', web('app:2')), { code: 4, stderr: /violates PodSecurity/ })
  t.match(await shell.run('usher job scale web 3 -n strict'), { code: 4, stderr: /violates PodSecurity/ })
  const fewer = await shell.run('usher job scale web 1 -n strict')
  t.match(fewer, { code: 0, stdout: /revision 2, 1 instance$/m }, fewer.stderr)
  t.match(await shell.run('usher job stop web -n strict --yes'), { code: 0 })
})

t.test('without the webhook a job runs all the same, without the gate, and that is told; a plan tells it, too', async (t) => {
  await stage.namespace(t, 'alone')
  const web = `name: web\ndepends_on: [job/db]\ncontainers: {app: {image: app, memory: 100M}}\n`
  const warning = 'pods of Deployment web get no usher-lock here, so they start without waiting for their turn and do not wait for job/db: usher check says why'
  t.match(await shell.run('usher job plan -f - -n alone', web), { code: 0, stdout: `note: ${warning}` })
  const run = await shell.run('usher job run -f - -n alone', web)
  t.match(run, { code: 0, stdout: `warning: ${warning}` }, run.stderr)
  t.match(await shell.run('usher job stop web -n alone --yes'), { code: 0 })
  const off = await shell.run('usher job run -f - -n alone', 'name: web\nstartup_lock: {enabled: false}\ncontainers: {app: {image: app, memory: 100M}}\n')
  t.equal(off.code, 0, off.stderr)
  t.notMatch(off.stdout, 'usher-lock', 'nothing is missing')
  t.match(await shell.run('usher job stop web -n alone --yes'), { code: 0 })
})

t.test('scaled after a run that ended with 6, as its file keeps what has failed: it is that one still, and no older one', async (t) => {
  await stage.namespace(t, 'kept')
  const web = (image: string): string => `name: web\nnumInstances: 2\nupdate: {rollback: false}\ncontainers: {app: {image: "${image}", memory: 100M}}\n`
  t.match(await shell.run('usher job run -f - -n kept', web('app:1')), { code: 0 })
  t.match(await shell.run('usher job run -f - -n kept --timeout 2s', web('bad:2')), { code: 6, stdout: /it stays as it is, as the job file says/ })
  const scaled = await shell.run('usher job scale web 1 -n kept --timeout 2s')
  t.match(scaled, { code: 6, stdout: /^changed +Deployment web$/m }, scaled.stderr)
  t.match([await stage.image('kept'), valueAt(await stage.deployment('kept'), 'spec', 'replicas')], ['bad:2', 1])
  t.match(await shell.run('usher job rollback web -n kept'), { code: 0, stdout: /job web runs: revision 4, 2 instances/ })
  t.equal(await stage.image('kept'), 'app:1', 'a rollback goes back to what was healthy')
  t.match(await shell.run('usher job stop web -n kept --yes'), { code: 0 })
})

t.test('what the job has no more is in the plan, as it is taken away', async (t) => {
  await stage.namespace(t, 'fewer')
  const web = (more: string): string => `name: web\n${more}containers: {app: {image: app, memory: 100M, ports: ["80:80"]}}\n`
  t.match(await shell.run('usher job run -f - -n fewer', web('expose: {host: a.example}\n')), { code: 0 })
  t.match(await shell.run('usher job plan -f - -n fewer --exit-code', web('')), { code: 1, stdout: /^Ingress fewer\/web +deleted$/m })
  t.match(await shell.run('usher job run -f - -n fewer', web('')), { code: 0, stdout: /^deleted +Ingress web$/m })
  t.match(await shell.run('usher job plan -f - -n fewer --exit-code', web('')), { code: 0 })
  t.match(await shell.run('usher job stop web -n fewer --yes'), { code: 0 })
})

t.test('several jobs that have room each, and not together: none is put in', async (t) => {
  await stage.namespace(t, 'together')
  const jobs = ['web', 'db'].map((name) => `name: ${name}\ncontainers: {app: {image: app, memory: 6G}}\n`).join('---\n')
  const refusal = { code: 4, stderr: /job (?:web|db): Job requires 6G of memory but only 4G can be allocated\./ }
  t.match(await shell.run('usher job plan -f - -n together', jobs), refusal)
  t.match(await shell.run('usher job run -f - -n together', jobs), refusal)
  t.strictSame(await names('together'), [])
})

t.test('a job file runs; again it changes nothing, and what the plan says is what a run does', async (t) => {
  const plan = await shell.run(`usher job plan -f - ${on('shop')} --exit-code --check-revision 0`, file())
  t.match(plan, { code: 1, stdout: /Deployment shop\/simple-webapp +created/ }, plan.stderr)
  t.strictSame(await names('shop'), [])
  const run = await shell.run(`usher job run -f - ${on('shop')} --timeout 40s`, file())
  t.match(run, { code: 0, stdout: /^created +Deployment simple-webapp\n[^]*job simple-webapp runs: revision 1, 2 instances\n$/m }, run.stderr)
  const deployment = await stage.find('/apis/apps/v1/namespaces/shop/deployments/simple-webapp')
  t.strictSame(listAt(deployment, 'spec', 'template', 'spec', 'containers').map(({ name, image }) => [name, image]), [['app', 'web-app-image']])
  const again = await shell.run(`usher job run -f - ${on('shop')}`, file())
  t.match(again, { code: 0, stdout: /job simple-webapp is as it is to be \(revision 1\); nothing was changed\n$/ }, again.stderr)
  t.match(await shell.run(`usher job plan -f - ${on('shop')} --exit-code --check-revision 1`, file()), { code: 0 })
  const other = await shell.run(`usher job plan -f - ${on('shop')} --check-revision 7 -o json`, file())
  t.match(other, { code: 4, stderr: /Revision 7 of job simple-webapp was expected, and revision 1 is deployed\./ })
  const changed = await shell.run(`usher job plan -f - ${on('shop')} --exit-code`, file({ image: 'web-app-image:2' }))
  t.match(changed, { code: 1, stdout: /image\n +- web-app-image\n +\+ web-app-image:2/ })
})

t.test('scaled, it is as the file with that number would have it; what has no room is rejected, and what runs stays', async (t) => {
  const scaled = await shell.run('usher job scale simple-webapp 3 -n shop')
  t.match(scaled, { code: 0, stdout: /revision 2, 3 instances/ }, scaled.stderr)
  const run = await shell.run(`usher job run -f - ${on('shop')}`, file({ instances: 3 }))
  t.match(run, { code: 0, stdout: /nothing was changed/ }, 'so it is already')
  const before = await stage.content('shop')
  const tooMany = await shell.run('usher job scale simple-webapp 9 -n shop -o json')
  t.match(tooMany, { code: 4, stderr: /Nothing was changed\. Ask for less memory/ })
  t.match(JSON.parse(tooMany.stdout.trim().split('\n').at(-1) ?? ''), { event: 'rejected', problem: { type: 'https://usher.dev/docs/errors#insufficient-memory', job: 'simple-webapp' } })
  t.strictSame(await stage.content('shop'), before)
  t.equal((await stage.pods('shop')).length, 3)
})

t.test('a rollout without room for one more goes on with one less; again it changes nothing', async (t) => {
  await stage.namespace(t, 'tight')
  const full = file({ instances: 2, memory: '1G' }).replace('simple-webapp', 'tight')
  t.match(await shell.run(`usher job run -f - ${on('tight')}`, full), { code: 0 })
  const next = full.replace('web-app-image', 'web-app-image:2')
  const run = await shell.run(`usher job run -f - ${on('tight')}`, next)
  t.match(run, { code: 0, stdout: /there is no room for one instance more: one at a time goes/ }, run.stderr)
  t.strictSame(valueAt(await stage.find('/apis/apps/v1/namespaces/tight/deployments/tight'), 'spec', 'strategy', 'rollingUpdate'), { maxUnavailable: 1, maxSurge: 0 })
  t.match(await shell.run(`usher job run -f - ${on('tight')}`, next), { code: 0, stdout: /revision 2\); nothing was changed/ })
})

t.test('what needs more than there is creates nothing, and says so by a problem document', async (t) => {
  await stage.namespace(t, 'large')
  const run = await shell.run(`usher job run -f - ${on('large')}`, file({ instances: 2, memory: '5G' }).replace('simple-webapp', 'my-cool-job'))
  t.equal(run.code, 4, run.stderr)
  t.match(JSON.parse(run.stdout.slice(run.stdout.indexOf('{'))), { type: 'https://usher.dev/docs/errors#insufficient-memory', title: 'Insufficient memory for job', detail: /^Job requires 12G of memory but only \d+(?:\.\d+)?G? can be allocated\.$/, job: 'my-cool-job' })
  t.strictSame(await names('large'), [])
  t.equal(await stage.find('/api/v1/namespaces/large/secrets/usher-job.my-cool-job'), undefined)
})

t.test('a file that is not valid: each fault with its line, the problem document, and nothing is asked of a cluster', async (t) => {
  const run = await shell.run('usher job run -f - --kubeconfig none.yaml', 'name: web\ncontainers:\n  app: {image: a, imagee: b}\n')
  t.match(run, { code: 4, stderr: /stdin:3:\d+: .*imagee/ })
  t.match(JSON.parse(run.stdout), { type: 'https://usher.dev/docs/errors#invalid-job' })
  t.match(await shell.run('usher job run -n shop'), { code: 2, stderr: /nothing to read: -f FILE/ })
  t.match(await shell.run('usher job run -f none.yaml -n shop'), { code: 2, stderr: /none\.yaml: it cannot be read/ })
  t.match(await shell.run(`usher job run -f - -n shop --gateway edge`, file()), { code: 2, stderr: /--gateway: "edge" is not NAMESPACE\/NAME/ })
  const withoutClass = await shell.run('usher job run -f - -n shop', file())
  t.match(withoutClass, { code: 4, stderr: /\(no-shared-storage\)/ }, 'an admin may name the class once')
  await stage.namespace(t, 'usher-system')
  await shell.read('kubectl create configmap usher-jobs -n usher-system --from-literal sharedStorageClass=nfs')
  t.match(await shell.run('usher job run -f - -n shop', file({ instances: 3 })), { code: 0, stdout: /nothing was changed/ })
  const plan = await shell.run('usher plan -f - -n shop --exit-code', file({ instances: 3 }))
  t.match(plan, { code: 0, stdout: /^Deployment shop\/simple-webapp +unchanged$/m }, 'nor need it be named for the plan')
})

t.test('several jobs in a file: what another one waits for comes first, and a failure ends it', async (t) => {
  await stage.namespace(t, 'several')
  const jobs = (image: string): string => ['web', 'db'].map((name) => `name: ${name}\ncontainers:\n  app:\n    image: ${name === 'db' ? image : 'app:1'}\n${name === 'web' ? '    depends_on: {job/db: {condition: healthy}}\n' : ''}`).join('---\n')
  const failed = await shell.run('usher job run -f - -n several --timeout 2s', jobs('bad:1'))
  t.match(failed, { code: 5, stdout: /revision 1 of job db has failed/ }, failed.stderr)
  t.strictSame(await names('several'), [])
  const run = await shell.run('usher job run -f - -n several', jobs('db:1'))
  t.match(run, { code: 0, stdout: /job db runs: revision 2[^]*job web runs: revision 1/ }, run.stderr)
  t.equal(valueAt(await stage.find('/apis/apps/v1/namespaces/several/deployments/web'), 'spec', 'template', 'metadata', 'annotations', 'usher.dev/depends-on'), 'job/db')
})
