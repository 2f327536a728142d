import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { JsonObject } from '../../src/units/json.ts'
import { listAt } from '../support/pod-reader.ts'
import { container, deployment, node, ofWorkload, type PlanStage, runningPod, startPlanStage } from './plan-stage.ts'

t.test('usher plan, by what the scheduler judges beyond one node', async (t) => {
  const stage = await startPlanStage(t)
  await stage.namespace('shop')
  await stage.namespace('data')
  await stage.create(...[['node-a', 'east'], ['node-b', 'east'], ['node-c', 'west']].map(([name = '', zone = '']) => node(name, { labels: { 'topology.kubernetes.io/zone': zone } })))
  await t.test('anti-affinity of pods that run', (t) => keptAway(t, stage))
  await t.test('anti-affinity and affinity by zone', (t) => zones(t, stage))
  await t.test('topology spread', (t) => spread(t, stage))
  await t.test('volumes of claims', (t) => volumes(t, stage))
  await t.test('claims of the instances of a StatefulSet', (t) => members(t, stage))
  await t.test('claims that may not be listed are not judged', (t) => unseen(t, stage))
})

const zone = 'topology.kubernetes.io/zone'
const web = (replicas: number, spec: JsonObject = {}): JsonObject => deployment('web', replicas, { containers: [container('web', { memory: '1G' })], ...spec })
const required = (kind: string, app: string, topologyKey: string, more: JsonObject = {}): JsonObject => ({ affinity: { [kind]: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey, labelSelector: { matchLabels: { app } }, ...more }] } } })

/** Of each node, how many were placed, and why not more. */
function nodesOf(found: JsonObject, workload = 'web'): readonly unknown[] {
  return listAt(ofWorkload(found, workload), 'nodes').map(({ placed, reasons }) => [placed, listAt({ reasons }, 'reasons')[0]?.['detail']])
}

async function keptAway(t: Test, stage: PlanStage): Promise<void> {
  const keeping = required('podAntiAffinity', 'web', zone, { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } } })
  await stage.create(runningPod('db-0', 'node-a', { containers: [container('db')], ...keeping }, { namespace: 'data', labels: { app: 'db' } }))
  const { code, found, stderr } = await stage.planned([web(1)])
  t.equal(code, 0, stderr)
  const why = `anti-affinity of pod data/db-0, which keeps such pods out of ${zone}=east`
  t.match(nodesOf(found), [[0, why], [0, why], [1, /^memory/]])
  const many = await stage.planned([web(11)])
  t.match(many, { code: 4, found: { type: /#no-placement$/, detail: /only 10 can be placed \(2 of 3 nodes: anti-affinity of pods that run; 1 of 3 nodes: too little memory free\)/ } })
  await stage.shell.read('kubectl delete pod db-0 -n data --force --grace-period 0')
}

async function zones(t: Test, stage: PlanStage): Promise<void> {
  const apart = await stage.planned([web(3, required('podAntiAffinity', 'web', zone))])
  t.match(apart, { code: 4, found: { type: /#no-placement$/, detail: 'Job requires room for 3 instances but only 2 can be placed (3 of 3 nodes: anti-affinity).' } })
  const together = await stage.planned([web(21, required('podAffinity', 'web', zone))])
  t.match(together, { code: 4, found: { type: /#no-placement$/ } }, 'no zone has room for all of them')
  t.match(ofWorkload(together.found, 'web'), { placed: 20, notJudged: [] })
  t.match(nodesOf(together.found)[2], [0, `affinity: none of the pods that it is to be with is in ${zone}=west`])
  await stage.create(runningPod('db-0', 'node-c', { containers: [container('db')] }, { namespace: 'data', labels: { app: 'db' } }))
  const withDb = await stage.planned([web(3, required('podAffinity', 'db', zone, { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'data' } } }))])
  t.match(nodesOf(withDb.found).map((each) => (each as readonly unknown[])[0]), [0, 0, 3])
  const both = await stage.planned([web(1, required('podAntiAffinity', 'api', zone)), deployment('api', 2, { containers: [container('api', { memory: '2G' })], ...required('podAntiAffinity', 'api', zone) })])
  t.match(both, { code: 4, found: { job: 'web', type: /#no-placement$/ } }, 'workloads of one plan are neighbours')
}

async function spread(t: Test, stage: PlanStage): Promise<void> {
  const over = (more: JsonObject = {}): JsonObject => ({ topologySpreadConstraints: [{ topologyKey: zone, maxSkew: 1, whenUnsatisfiable: 'DoNotSchedule', labelSelector: { matchLabels: { app: 'web' } }, ...more }] })
  const found = await stage.planned([web(22, over())])
  t.match(found, { code: 4, found: { type: /#no-placement$/, detail: /^Job requires room for 22 instances but only 21 can be placed/ } })
  t.match(nodesOf(found.found).slice(0, 2).map((each) => (each as readonly unknown[])[1]), Array.from({ length: 2 }, () => /^(topology spread: .*=east would have more than 1 above the least|memory: )/))
  t.match(await stage.planned([web(5, over({ matchLabelKeys: ['pod-template-hash'] }))]), { code: 0 })
}

const claim = (name: string, spec: JsonObject = {}): JsonObject => ({ apiVersion: 'v1', kind: 'PersistentVolumeClaim', metadata: { name, namespace: 'shop' }, spec: { accessModes: ['ReadWriteMany'], resources: { requests: { storage: '1Gi' } }, storageClassName: 'late', ...spec } })
const volume = (name: string, nodeName: string): JsonObject => ({
  apiVersion: 'v1',
  kind: 'PersistentVolume',
  metadata: { name },
  spec: { accessModes: ['ReadWriteMany'], capacity: { storage: '1Gi' }, storageClassName: 'late', local: { path: '/data' }, nodeAffinity: { required: { nodeSelectorTerms: [{ matchExpressions: [{ key: 'kubernetes.io/hostname', operator: 'In', values: [nodeName] }] }] } } },
})
const using = (claimName: string): JsonObject => ({ volumes: [{ name: 'data', persistentVolumeClaim: { claimName } }] })

async function volumes(t: Test, stage: PlanStage): Promise<void> {
  const missing = await stage.planned([web(1, using('data'))])
  t.match(missing, { code: 4, found: { type: /#no-placement$/, detail: 'Job cannot be placed: no node takes an instance (3 of 3 nodes: there is no claim data).' } })
  t.match(await stage.planned([claim('data'), web(1, using('data'))]), { code: 0 }, 'a claim that comes along')
  const topologies = [{ matchLabelExpressions: [{ key: zone, values: ['west'] }] }]
  await stage.create({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'late' }, provisioner: 'example.com/disk', volumeBindingMode: 'WaitForFirstConsumer', allowedTopologies: topologies })
  await stage.create(volume('pv-1', 'node-b'), claim('data', { volumeName: 'pv-1' }), claim('new'), claim('one', { accessModes: ['ReadWriteOncePod'] }))
  const elsewhere = await stage.planned([web(2, using('data'))])
  t.equal(elsewhere.code, 0, elsewhere.stderr)
  t.match(nodesOf(elsewhere.found), [[0, 'volume pv-1 of claim data is elsewhere'], [2, /^memory/], [0, 'volume pv-1 of claim data is elsewhere']])
  t.match((await stage.planned([web(11, using('data'))])).found, { type: /#insufficient-memory$/, detail: 'Job requires 11G of memory but only 10G can be allocated.' }, 'on the nodes that it may have')
  const made = await stage.planned([web(1, using('new'))])
  t.match(nodesOf(made.found), [[0, 'class late makes no volume for claim new there'], [0, /./], [1, /./]])
  const alone = await stage.planned([web(2, using('one'))])
  t.match(alone, { code: 4, found: { type: /#no-placement$/, detail: /only 1 can be placed/ } })
  await stage.create(runningPod('user', 'node-c', { containers: [container('user')], ...using('one') }))
  t.match(nodesOf((await stage.planned([web(1, using('one'))])).found)[2], [0, 'claim one is for one pod at a time (ReadWriteOncePod), and one uses it'])
}

const db = (replicas: number): JsonObject => ({
  apiVersion: 'apps/v1',
  kind: 'StatefulSet',
  metadata: { name: 'db', namespace: 'shop' },
  spec: { replicas, serviceName: 'db', selector: { matchLabels: { app: 'db' } }, template: { metadata: { labels: { app: 'db' } }, spec: { containers: [container('db', { memory: '1G' })], ...required('podAntiAffinity', 'db', 'kubernetes.io/hostname') } }, volumeClaimTemplates: [{ metadata: { name: 'disk' }, spec: { accessModes: ['ReadWriteOnce'], storageClassName: 'anywhere', resources: { requests: { storage: '1Gi' } } } }] },
})

async function members(t: Test, stage: PlanStage): Promise<void> {
  await stage.create({ apiVersion: 'storage.k8s.io/v1', kind: 'StorageClass', metadata: { name: 'anywhere' }, provisioner: 'example.com/disk', volumeBindingMode: 'WaitForFirstConsumer' })
  await stage.create(volume('pv-db-1', 'node-a'), claim('disk-db-1', { volumeName: 'pv-db-1' }))
  const free = await stage.planned([db(3)])
  t.match(nodesOf(free.found, 'db').map((each) => (each as readonly unknown[])[0]), [1, 1, 1], free.stderr)
  await stage.create(volume('pv-db-0', 'node-a'), claim('disk-db-0', { volumeName: 'pv-db-0' }))
  const bound = await stage.planned([db(3)])
  t.match(bound, { code: 4, found: { type: /#no-placement$/, detail: /only 2 can be placed/ } }, 'two volumes of one node, and one instance a node')
}

async function unseen(t: Test, stage: PlanStage): Promise<void> {
  const { shell, server } = stage
  await shell.read('kubectl create serviceaccount planner -n shop')
  await shell.read('kubectl create clusterrole planner --verb=get,list,create,patch --resource=nodes,pods,deployments.apps,resourcequotas && kubectl create clusterrolebinding planner --clusterrole=planner --serviceaccount=shop:planner')
  const token = (await shell.read('kubectl create token planner -n shop --duration 1h')).trim()
  const file = join(t.testdir({ kubeconfig: readFileSync(server.kubeconfig, 'utf8').replace(/"token":"[^"]*"/, `"token":"${token}"`) }), 'kubeconfig')
  const { code, found, stderr } = await stage.planned([web(1, using('data'))], `--kubeconfig ${file}`)
  t.equal(code, 0, stderr)
  t.match(ofWorkload(found, 'web')['notJudged'], ['how many volumes a node can attach', 'where its volumes are: the claims of the namespace could not be listed'])
  const selecting = await stage.planned([web(1, required('podAffinity', 'db', zone, { namespaceSelector: { matchLabels: { team: 'data' } } }))], `--kubeconfig ${file}`)
  t.match(selecting, { code: 0, found: { workloads: [{ notJudged: [/^affinity to pods of namespaces that are selected by their labels, which could not be listed/] }] } })
}
