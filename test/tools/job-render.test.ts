import { sample } from 'fast-check'
import t, { type Test } from 'tap'
import type { Job, JobContainer, JobVolume } from '../../src/job/job.ts'
import { render } from '../../src/job/render/render.ts'
import { isObject, isSame, type JsonObject } from '../../src/units/json.ts'
import { arbitraryJob } from '../support/arbitrary-job.ts'
import { amount, container, healthcheck, job, seen, simpleWebapp } from '../support/job-values.ts'
import { listAt, objectAt, shown, valueAt } from '../support/pod-reader.ts'
import { startApiServer } from './api-server.ts'
import { parseObject } from './pod-template.ts'
import { openShell, type Shell } from './shell.ts'

const http = healthcheck({ type: 'http', port: 3000, path: '/healthcheck?a=$(b)', expect: '200' })
const tcpPort = { port: 80, target: 3000, protocol: 'TCP', isHostPort: false } as const
const on = (name: string, condition: 'started' | 'healthy' | 'completed'): JobContainer['dependsOn'][number] => ({ container: name, condition })
const local = (name: string, isEnforced: boolean): JobVolume => ({ type: 'local', name, path: `/${name}`, space: amount('100M'), isReadOnly: false, isEnforced })
const shared = (oneNode: boolean): JobVolume => ({ type: 'shared', name: 'data', path: '/data', space: amount('1G'), isReadOnly: true, oneNode })
const once = container('once', { restart: { policy: 'never' }, healthcheck: http })
const retried = container('retried', { restart: { policy: 'on-failure', tries: 3 } })

/** Jobs of all kinds: each line of the mapping is in one of them. */
const jobs: Readonly<Record<string, Job>> = {
  "the sketch's own": simpleWebapp,
  'the least': job([container('app')]),
  'no instances': job([container('app')], { instances: 0 }),
  'sidecars, tasks and checks': job([
    container('app', { dependsOn: [on('db', 'healthy'), on('cache', 'started'), on('migrate', 'completed')], healthcheck: http, memory: amount('64M'), cpus: 0.25, ports: [tcpPort], user: { uid: 1000, gid: 1000 }, workingDirectory: '/srv' }),
    container('migrate', { dependsOn: [on('db', 'healthy')], restart: { policy: 'on-failure' }, entrypoint: ['sh', '-c'], command: ['echo $(A) $$'] }),
    container('db', { healthcheck: healthcheck({ type: 'command', command: ['pg_isready'] }), volumes: [local('pg', false)] }),
    container('cache', { healthcheck: healthcheck({ type: 'tcp', port: 6379 }) }),
    container('web', { healthcheck: healthcheck({ type: 'http', port: 80, path: '/', expect: '2xx-3xx' }), volumes: [local('pg', false), local('own', true), shared(false)] }),
  ], { instances: 2 }),
  'restart policies of containers': job([container('app'), once, retried]),
  'a batch job': job([once, retried], { instances: 5 }),
  'a batch job with a sidecar and a proxy': job([container('report', { restart: { policy: 'never' }, dependsOn: [on('db', 'started')], ports: [tcpPort] }), container('db')], { hasEnvoy: true }),
  'one on each node': job([container('agent', { ports: [{ ...tcpPort, isHostPort: true }] })], { instances: 'each-node' }),
  'all on one node': job([container('app', { volumes: [shared(true)] })], { instances: 3 }),
  'ports of all kinds, and of the node': job([container('app', { ports: [{ ...tcpPort, isHostPort: true }, { ...tcpPort, port: 81 }, { ...tcpPort, port: 53, target: 53, protocol: 'UDP' }, { ...tcpPort, port: 9999, target: 9999, protocol: 'SCTP' }] })]),
  'stop first': job([container('app')], { update: { order: 'stop-first', rollback: true } }),
  'led to from outside, by a proxy': job([container('app', { ports: [tcpPort], healthcheck: http })], { instances: 2, expose: { host: 'shop.example.org', tlsSecret: 'cert' }, hasEnvoy: true }),
  'all annotations': job([container('app')], { dependsOn: ['job/db:timeout=10m', 'service/shop/redis'], startupLock: { isEnabled: true, timeoutSeconds: 60 }, napSeconds: 15, vaultRole: 'shop' }),
  'secrets and configs': job(
    [
      container('app', {
        environment: [{ name: 'A', value: '' }, { name: 'B', secret: 'db_password', key: 'db_password' }, { allOfSecret: 'all' }],
        volumes: [{ type: 'secret', name: 'db_password', path: '/run/secrets/db_password' }, { type: 'config', name: 'app.ini', path: '/app.ini' }, { type: 'secret', name: 'tls', path: '/tls' }, { type: 'config', name: 'tls', path: '/tls.pem', key: 'tls.pem' }],
      }),
    ],
    { files: [{ type: 'secret', name: 'db_password', content: 'päss\n' }, { type: 'config', name: 'app.ini', content: 'a = 1\n' }] },
  ),
}

const options = { domain: 'example.com', ingressClass: 'haproxy', sharedStorageClass: undefined }

t.test('what jobs become, in a cluster', async (t) => {
  const server = await startApiServer(t)
  const shell = openShell(t, { tools: ['kubernetes'], kubeconfig: server.kubeconfig })
  await shell.read('kubectl create -f -', JSON.stringify(routeDefinition))
  await shell.read('kubectl wait --for=condition=Established crd/httproutes.gateway.networking.k8s.io')
  for (const [index, [title, value]] of Object.entries(jobs).entries()) {
    const namespace = `case-${index}`
    const withClass = value.containers.some(({ volumes }) => volumes.some((volume) => volume.type === 'shared' && !volume.oneNode))
    const { objects } = seen(value, { ...options, namespace, ...(withClass ? { sharedStorageClass: 'nfs' } : {}) })
    // oxlint-disable-next-line no-await-in-loop -- one after the other
    await t.test(`${title}: taken whole, and the same a second time`, (t) => takenWhole(t, shell, namespace, objects))
  }
  const led = job([container('app', { ports: [tcpPort] })], { expose: {} })
  await t.test('with a Gateway: its route', (t) => takenWhole(t, shell, 'gateway', seen(led, { namespace: 'gateway', gateway: 'edge/main' }).objects))
  await t.test('one job becomes another', (t) => becomesAnother(t, shell))
  await t.test('any job that a file can describe is taken', (t) => anyJob(t, shell))
  await t.test('usher job render | kubectl apply', async (t) => {
    const line = 'usher job render -f ../job/file/sketch.yaml --shared-storage-class nfs -n any'
    t.match(await shell.run(`${line} | kubectl apply -f -`), { code: 0, stdout: /^deployment\.apps\/simple-webapp created$/m, stderr: '' })
    t.match(await shell.run(`${line} | kubectl diff -f -`), { code: 0, stdout: '', stderr: '' }, 'nothing is left to be changed')
  })
})

const apply = 'kubectl apply --server-side --field-manager=usher-job'

/** Applies objects as a rehearsal and in earnest: nothing of them is dropped, and again they change nothing. */
async function takenWhole(t: Test, shell: Shell, namespace: string, objects: readonly JsonObject[]): Promise<void> {
  await shell.read(`kubectl create namespace ${namespace}`)
  const list = JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects })
  const rehearsed = await shell.run(`${apply} --dry-run=server -f - -o json`, list)
  t.equal(rehearsed.code, 0, rehearsed.stderr)
  t.notMatch(rehearsed.stderr, /Warning/)
  const found = await applied(shell, list)
  t.equal(found.length, objects.length)
  for (const [index, object] of objects.entries()) t.strictSame(missing(object, found[index]), [], shown(object['kind']))
  const again = await applied(shell, list)
  t.strictSame(again.map(versionOf), found.map(versionOf), 'again it changes nothing')
}

/** Each form of update, one after the other, and volumes that come and go: fields of the form before are given up. */
async function becomesAnother(t: Test, shell: Shell): Promise<void> {
  await shell.read('kubectl create namespace shop')
  const names = ['the least', 'stop first', 'ports of all kinds, and of the node', 'sidecars, tasks and checks', 'all annotations', 'restart policies of containers', 'the least']
  for (const name of names) {
    const value = jobs[name] ?? simpleWebapp
    const { workload } = seen(value, { sharedStorageClass: 'nfs' })
    const [found] = await applied(shell, JSON.stringify(workload))
    t.strictSame(missing(workload, found), [], name)
    t.strictSame(listAt(found, 'spec', 'template', 'spec', 'containers').map(({ name }) => name), listAt(workload, 'spec', 'template', 'spec', 'containers').map(({ name }) => name))
  }
}

async function anyJob(t: Test, shell: Shell): Promise<void> {
  await shell.read('kubectl create namespace any')
  const seed = Date.now()
  t.comment(`seed ${seed}`)
  const objects = sample(arbitraryJob, { seed, numRuns: 60 }).flatMap((value, index) => {
    const rendering = render({ ...value, name: `${value.name}-${index}` }, { namespace: 'any', waitImage: 'usher-wait', sharedStorageClass: 'nfs' })
    return 'problems' in rendering ? [] : rendering.objects
  })
  t.ok(objects.length > 60, `${objects.length} objects`)
  const { code, stderr } = await shell.run(`${apply} --dry-run=server -f -`, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
  t.equal(code, 0, stderr)
}

async function applied(shell: Shell, text: string): Promise<readonly JsonObject[]> {
  const answer = parseObject(await shell.read(`${apply} -f - -o json`, text))
  return answer['kind'] === 'List' ? listAt(answer, 'items') : [answer]
}

/** What changes whenever an object does; a claim gets its default phase with the second request of whatever kind. */
function versionOf(object: JsonObject): unknown {
  return object['kind'] === 'PersistentVolumeClaim' ? object['spec'] : objectAt(object, 'metadata')['resourceVersion']
}

/** What of a value that was sent is not in the one that came back, by its paths. */
function missing(sent: unknown, found: unknown, path = ''): readonly string[] {
  if (Array.isArray(sent)) return Array.isArray(found) && found.length === sent.length ? sent.flatMap((each, index) => missing(each, found[index], `${path}[${index}]`)) : [path]
  if (isObject(sent)) return Object.entries(sent).flatMap(([key, each]) => missing(each, valueAt(found, key), `${path}.${key}`))
  return isSame(sent, found) ? [] : [`${path}: ${shown(sent)} has become ${shown(found)}`]
}

const routeDefinition = {
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: 'httproutes.gateway.networking.k8s.io', annotations: { 'api-approved.kubernetes.io': 'https://github.com/kubernetes-sigs/gateway-api/pull/2997' } },
  spec: {
    group: 'gateway.networking.k8s.io',
    names: { kind: 'HTTPRoute', listKind: 'HTTPRouteList', plural: 'httproutes', singular: 'httproute' },
    scope: 'Namespaced',
    versions: [{ name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } } }],
  },
}
