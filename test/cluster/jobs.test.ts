import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { jobProblemDocument } from '../../src/job/problems.ts'
import { until } from '../support/until.ts'
import { nodeImage } from './images/node.ts'
import { addressesOf, ask, container, freeMemoryOf, type InstancePod, instancesOf, isHealthy, jobFile, objectsIn, problemIn, server, startRun } from './support/jobs.ts'
import { startLoad } from './support/load.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { apply, kubectl, list, lockState, makeNamespace, read, startUsher, tryKubectl } from './support/usher.ts'
import { usher } from './support/usher-cli.ts'
import { barePod } from './support/workloads.ts'

await startUsher(t, { nodes: 2 })
showLogsOfFailure(t)

// What comes up on a busy machine takes its time.
const patienceMs = 180_000
const short = { 'usher.dev/lock-lease': '10s', 'usher.dev/nap': '1s' }

t.test('the example runs as it is written: three instances, app reaches db on localhost, volumes shared and local; again is a no-op', async (t) => {
  const namespace = 'jobs-example'
  await makeNamespace(t, namespace, undefined, short)
  // A folder of the machine under both nodes stands for a file system that nodes share.
  await apply({
    apiVersion: 'v1',
    kind: 'PersistentVolume',
    metadata: { name: 'jobs-example' },
    spec: { capacity: { storage: '1Gi' }, accessModes: ['ReadWriteMany'], storageClassName: 'shared', hostPath: { path: t.testdir({}), type: 'Directory' } },
  })
  t.teardown(() => kubectl(['delete', 'persistentvolume', 'jobs-example', '--wait=false', '--ignore-not-found']))
  const file = readFileSync(new URL('fixtures/simple-webapp.yaml', import.meta.url), 'utf8').replaceAll('IMAGE', nodeImage)

  const none = await usher(['job', 'run', '-n', namespace, '-f', '-'], file)
  t.equal(none.code, 4, none.stderr)
  t.match(problemIn(none), { type: /#no-shared-storage$/, job: 'simple-webapp' })
  t.strictSame(await instancesOf(namespace, 'simple-webapp'), [])

  const run = ['job', 'run', '-n', namespace, '-f', '-', '--shared-storage-class', 'shared']
  const first = await usher(run, file)
  t.equal(first.code, 0, first.stdout + first.stderr)
  const instances = await instancesOf(namespace, 'simple-webapp')
  t.equal(instances.filter(isHealthy).length, 3)
  for (const { spec } of instances) t.equal(spec.initContainers?.[0]?.name, 'usher-lock', 'the lock comes before the dependency')
  const [one = '', another = ''] = instances.map(({ metadata }) => metadata.name)
  t.match(await ask(namespace, one, '/', 3000), 'db says hello', 'over localhost')
  await ask(namespace, one, '/write/seen-by-all', 3000)
  t.match(await ask(namespace, another, '/read', 3000), 'seen-by-all', 'each sees what others write')
  t.match(await ask(namespace, another, '/scratch', 3000), 'ENOENT', 'and not what is local')
  t.equal((await addressesOf(namespace, 'simple-webapp')).length, 3)

  const before = await objectsIn(namespace)
  const again = await usher(run, file)
  t.equal(again.code, 0, again.stderr)
  t.match(again.stdout, /unchanged|nothing/i)
  t.strictSame(await objectsIn(namespace), before)
  t.match(await usher(['job', 'status', 'simple-webapp', '-n', namespace]), { code: 0, stdout: /Healthy 3\/3/ })
})

t.test('where 10G are free, 12G are refused member for member, and nothing is there that was not', async (t) => {
  const namespace = 'jobs-room'
  await makeNamespace(t, namespace, undefined, short)
  await emptyOneNode(t)
  const free = await freeMemoryOf('node-1')
  if (free < 10 * 2 ** 30) {
    t.pass('no 10G', { skip: `the node has ${Math.floor(free / 2 ** 30)} GiB free, and 10 are wanted` })
    return
  }
  const filling = { containers: [{ name: 'main', image: nodeImage, imagePullPolicy: 'Never', args: ['-e', server], resources: { requests: { memory: String(free - 10 * 2 ** 30) } } }], nodeName: 'node-1' }
  await apply(barePod(namespace, 'filling', { spec: filling }))
  const before = await objectsIn(namespace)
  const file = jobFile('my-cool-job', 2, { app: container({ memory: '6G' }) })
  const wanted = jobProblemDocument('my-cool-job', { code: 'insufficient-memory', detail: 'Job requires 12G of memory but only 10G can be allocated.' })
  const run = await usher(['job', 'run', '-n', namespace, '-f', '-'], file)
  t.equal(run.code, 4, run.stderr)
  t.strictSame(Object.entries(problemIn(run)), Object.entries(wanted))
  const plan = await usher(['plan', '-n', namespace, '-f', '-', '-o', 'json'], file)
  t.equal(plan.code, 4, plan.stderr)
  t.strictSame(Object.entries(problemIn(plan)).slice(0, 4), Object.entries(wanted), 'and then what it is made of')
  t.strictSame(await objectsIn(namespace), before)
})

t.test('scaled from 3 to 5 where 5 do not fit, the 3 run on; scaled to 1, two go', async (t) => {
  const namespace = 'jobs-scale'
  await makeNamespace(t, namespace, undefined, short)
  await emptyOneNode(t)
  // Four of them fit on the node, five do not.
  const memory = `${Math.floor((await freeMemoryOf('node-1')) / 4.5 / 2 ** 20)}M`
  const first = await usher(['job', 'run', '-n', namespace, '-f', '-'], jobFile('growing', 3, { app: container({ memory }) }))
  t.equal(first.code, 0, first.stdout + first.stderr)
  const running = await instancesOf(namespace, 'growing')
  const grown = await usher(['job', 'scale', 'growing', '5', '-n', namespace])
  t.equal(grown.code, 4, grown.stdout + grown.stderr)
  t.strictSame((await instancesOf(namespace, 'growing')).map(({ metadata }) => metadata.uid).toSorted(), running.map(({ metadata }) => metadata.uid).toSorted(), 'all of them run on')
  t.equal((await usher(['job', 'scale', 'growing', '1', '-n', namespace])).code, 0)
  await until('two are gone', async () => (await instancesOf(namespace, 'growing')).length === 1, patienceMs)
})

t.test('where the third object is refused only when it is really put in, all is as it was', async (t) => {
  const namespace = 'jobs-third'
  await makeNamespace(t, namespace, undefined, short)
  // Each of two Services fits by itself, as dry runs find; both do not.
  await apply({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'one', namespace }, spec: { hard: { 'count/services': '1' } } })
  await until('the quota counts', async () => JSON.stringify(await read('get', 'resourcequota', 'one', '--namespace', namespace)).includes('"used"'), patienceMs)
  const before = await objectsIn(namespace)
  const file = jobFile('third', 1, { app: container({ configs: ['words'] }) }, { configs: { words: { content: 'hello' } } })
  const failed = await usher(['job', 'run', '-n', namespace, '-f', '-'], file)
  t.equal(failed.code, 5, failed.stdout + failed.stderr)
  t.match(failed.stdout + failed.stderr, /exceeded quota/)
  // What has been tried is kept, for usher job history.
  t.strictSame((await objectsIn(namespace)).filter((each) => !each.includes('usher-job.third')), before)
})

t.test('an image that is not there: the old ones run on, the cause is named, and all is as it was', async (t) => {
  const namespace = 'jobs-image'
  await makeNamespace(t, namespace, undefined, short)
  t.equal((await usher(['job', 'run', '-n', namespace, '-f', '-'], jobFile('kept', 2))).code, 0)
  const before = (await instancesOf(namespace, 'kept')).map(({ metadata }) => metadata.uid).toSorted()
  const broken = await usher(['job', 'run', '-n', namespace, '-f', '-', '--timeout', '30s'], jobFile('kept', 2, { app: container({ image: '127.0.0.1:1/none:1' }) }))
  t.equal(broken.code, 5, broken.stdout + broken.stderr)
  t.match(broken.stdout + broken.stderr, /ErrImagePull|ImagePullBackOff/)
  await until('only the old ones are left', async () => (await instancesOf(namespace, 'kept')).length === 2, patienceMs)
  t.strictSame((await instancesOf(namespace, 'kept')).map(({ metadata }) => metadata.uid).toSorted(), before)
})

t.test('of two runs at once one wins; one that is killed in the middle does not keep the next from succeeding', async (t) => {
  const namespace = 'jobs-race'
  await makeNamespace(t, namespace, undefined, short)
  const runs = [1, 2].map((number) => startRun(namespace, jobFile('raced', number)))
  const codes = await Promise.all(runs.map(({ ended }) => ended))
  t.strictSame(new Set(codes), new Set([0, 4]), runs.map(({ output }) => output()).join('\n'))

  const killed = startRun(namespace, jobFile('killed', 2))
  await until('it has begun to put things in', async () => (await tryKubectl(['get', '--namespace', namespace, 'deployment', 'killed'])).code === 0, patienceMs)
  killed.kill()
  t.equal(await killed.ended, 'SIGKILL')
  const next = await usher(['job', 'run', '-n', namespace, '-f', '-'], jobFile('killed', 3))
  t.equal(next.code, 0, next.stdout + next.stderr)
  t.equal((await instancesOf(namespace, 'killed')).filter(isHealthy).length, 3)
})

t.test('a job that ends: each instance is tried as often as its file says, and is done', async (t) => {
  const namespace = 'jobs-ending'
  await makeNamespace(t, namespace, undefined, short)
  const ending = (code: number, healthcheck: object): object => ({ app: container({ restart: 'on-failure:1', command: ['-e', `process.exit(${code})`], ports: [], healthcheck }) })
  const run = await usher(['job', 'run', '-n', namespace, '-f', '-'], jobFile('ending', 2, ending(0, { disable: true })))
  t.equal(run.code, 0, run.stdout + run.stderr)
  await kubectl(['wait', '--for=condition=Complete', '--namespace', namespace, 'job/ending', '--timeout=120s'])
  // Without a check it would be healthy for the moment in which it runs, and that may be seen.
  const failed = await usher(['job', 'run', '-n', namespace, '-f', '-'], jobFile('failing', 1, ending(3, { type: 'command', command: ['/usr/local/bin/node', '-e', 'process.exit(1)'] })))
  t.equal(failed.code, 5, failed.stdout + failed.stderr)
  t.match(failed.stdout + failed.stderr, /exit code 3/)
  await until('nothing is left of it', async () => (await tryKubectl(['get', '--namespace', namespace, 'job', 'failing'])).code === 1, patienceMs)
})

t.test('deploy.mode: global is an instance on each node, and they do not wait for the lock', async (t) => {
  const namespace = 'jobs-global'
  await makeNamespace(t, namespace, undefined, short)
  const file = JSON.stringify({ name: 'everywhere', containers: { app: container() }, deploy: { mode: 'global' }, nap: 1 })
  const run = await usher(['job', 'run', '-n', namespace, '-f', '-'], file)
  t.equal(run.code, 0, run.stdout + run.stderr)
  const instances = await instancesOf(namespace, 'everywhere')
  t.equal(instances.length, 2)
  t.strictSame(new Set(instances.filter(isHealthy).map(({ spec }) => spec.nodeName)), new Set(['node-1', 'node-2']))
  for (const { spec } of instances) t.notOk(spec.initContainers?.some(({ name }) => name === 'usher-lock'))
})

t.test('a rolling update under load: no request fails', async (t) => {
  const namespace = 'jobs-rolling'
  await makeNamespace(t, namespace, undefined, { 'usher.dev/lock-lease': '2s' })
  // Names are unique in the cluster, and a namespace keeps its own until it is gone.
  const file = (version: string): string => jobFile('rolled', 3, { app: container({ environment: { VERSION: version } }) }, { nap: 5 })
  t.equal((await usher(['job', 'run', '-n', namespace, '-f', '-'], file('1'))).code, 0)
  const { spec } = await read<{ readonly spec: { readonly clusterIP: string } }>('get', 'service', '--namespace', namespace, 'rolled')
  const url = `http://${spec.clusterIP}/`
  await until('the service answers', () => fetch(url).then((answer) => answer.ok, () => false))
  const load = startLoad(t, url, 4)
  const rolled = await usher(['job', 'run', '-n', namespace, '-f', '-'], file('2'))
  t.equal(rolled.code, 0, rolled.stdout + rolled.stderr)
  await until('only the new ones are left', async () => (await list('get', 'pods', '--namespace', namespace)).length === 3, patienceMs)
  const { fresh, kept } = await load.end()
  t.strictSame([fresh.failures, kept.failures], [[], []])
  t.ok(fresh.requests > 100 && kept.requests > 100, `${fresh.requests} and ${kept.requests} requests`)
})

t.test('web waits for job/db, holding no permit: another pod of its node starts meanwhile', async (t) => {
  const namespace = 'jobs-gate'
  await makeNamespace(t, namespace, undefined, { 'usher.dev/nap': '1s' })
  // Not healthy until it is told to be.
  const late = server.replace('status = 200', 'status = 503')
  const db = startRun(namespace, jobFile('db', 1, { app: container({ command: ['-e', late] }) }, { startup_lock: { enabled: false } }))
  const dbPod = await until('db runs', async () => (await instancesOf(namespace, 'db')).find(({ status }) => status.phase === 'Running'), patienceMs)
  const web = startRun(namespace, jobFile('web', 1, { app: container({ depends_on: { 'job/db': { condition: 'healthy', timeout: '10m' } } }) }))
  const webPod = await until('web waits', async () => (await instancesOf(namespace, 'web')).find(({ spec }) => spec.nodeName !== undefined), patienceMs)
  const node = webPod.spec.nodeName
  await until('its line says for what', async () => (await tryKubectl(['logs', '--namespace', namespace, webPod.metadata.name, '--container', 'usher-lock'])).stdout.includes('job/db'), patienceMs)
  await apply(barePod(namespace, 'other', { spec: { nodeName: node } }))
  await kubectl(['wait', '--for=condition=Ready', '--namespace', namespace, 'pod/other', '--timeout=120s'])
  const state = await lockState(node)
  t.notOk(state.holders.some(({ pod }) => pod?.endsWith(webPod.metadata.name)), 'web holds nothing')
  t.match(await usher(['why', 'web', '-n', namespace]), { code: 0, stdout: /job\/db/ })
  await ask(namespace, dbPod.metadata.name, '/set/200')
  t.equal(await db.ended, 0, db.output())
  t.equal(await web.ended, 0, web.output())
})

/** Leaves node-1 alone to take pods, until the test's end, and waits until those of the tests before are gone. */
async function emptyOneNode(t: Test): Promise<void> {
  await kubectl(['cordon', 'node-2'])
  t.teardown(() => kubectl(['uncordon', 'node-2']))
  // The namespace of a test goes by itself, its pods a while after it.
  await until('what has been deleted is gone', async () => (await list<InstancePod>('get', 'pods', '--all-namespaces')).every(({ metadata }) => !metadata.namespace.startsWith('jobs-')), patienceMs)
}
