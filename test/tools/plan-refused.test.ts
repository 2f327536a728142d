import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { JsonObject } from '../../src/units/json.ts'
import { listAt } from '../support/pod-reader.ts'
import { until } from '../support/until.ts'
import { container, deployment, node, ofWorkload, type PlanStage, podsOfWeb, startPlanStage } from './plan-stage.ts'

t.test('usher plan, where the cluster refuses something', async (t) => {
  const stage = await startPlanStage(t)
  await stage.namespace('shop')
  await stage.create(node('node-a', { allocatable: { memory: '5G' } }), node('node-b', { allocatable: { memory: '5G' } }))
  await t.test('namespaces that are not there', (t) => namespaces(t, stage))
  await t.test('what the cluster rejects', (t) => rejected(t, stage))
  await t.test('rights that are missing', (t) => missingRights(t, stage))
  await t.test('a quota that has no room for one more', (t) => fullQuota(t, stage))
})

const web = (replicas: number, memory = '4G'): JsonObject => deployment('web', replicas, { containers: [container('web', { memory })] })

async function namespaces(t: Test, stage: PlanStage): Promise<void> {
  const elsewhere = { ...web(1), metadata: { name: 'web', namespace: 'elsewhere' } }
  const missing = await stage.plan([elsewhere])
  t.equal(missing.code, 1)
  t.match(missing.stderr, /there is no namespace elsewhere \(context usher-test\); kubectl get namespaces lists/)
  const brought = await stage.planned([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'elsewhere' } }, elsewhere])
  t.equal(brought.code, 0, brought.stderr)
  t.match(ofWorkload(brought.found, 'web'), { judgedBy: 'as-written', placed: 1, notJudged: [/what the API server makes of it/, /what webhooks and LimitRanges add to its pods/] })
  const { metadata: _metadata, ...rest } = web(1)
  const unnamed = { ...rest, metadata: { name: 'web' } } as JsonObject
  t.match((await stage.planned([unnamed], '-n shop')).found, { workloads: [{ namespace: 'shop' }] })
  t.match((await stage.planned([unnamed])).found, { workloads: [{ namespace: 'default' }] })
}

async function rejected(t: Test, stage: PlanStage): Promise<void> {
  const privileged = deployment('root', 1, { hostNetwork: true, containers: [container('root')] })
  await stage.shell.read('kubectl label namespace shop pod-security.kubernetes.io/enforce=restricted')
  const byPolicy = await stage.planned([privileged])
  await stage.shell.read('kubectl label namespace shop pod-security.kubernetes.io/enforce-')
  t.equal(byPolicy.code, 4, byPolicy.stderr)
  t.match(byPolicy.found, { type: /#rejected-by-cluster$/, title: 'The cluster rejects the job', detail: /^a pod of Deployment root: .*violates PodSecurity/, job: 'root' })
  const invalid = await stage.planned([deployment('odd', 1, { containers: [container('Odd_Name')] })])
  t.equal(invalid.code, 4)
  t.match(invalid.found, { type: /#rejected-by-cluster$/, detail: /^Deployment odd: .*Invalid value: "Odd_Name"/ })
  const misspelt = await stage.planned([deployment('odd', 1, { containers: [container('odd', {}, { resurces: {} })] })])
  t.match(misspelt, { code: 4, found: { type: /#rejected-by-cluster$/, detail: /^Deployment odd: .*\.resurces: field not declared in schema/, workloads: [{ judgedBy: 'dry-run' }] } })
  const unknown = await stage.planned([{ apiVersion: 'example.com/v1', kind: 'Widget', metadata: { name: 'w' } }])
  t.match(unknown, { code: 4, found: { detail: 'Widget w: this cluster knows no Widget of example.com/v1' } })
  const account = { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'robot', namespace: 'shop' } }
  const robot = deployment('robot', 1, { serviceAccountName: 'robot', containers: [container('robot')] })
  t.match(await stage.planned([robot]), { code: 4, found: { detail: /service account/ } })
  t.match(await stage.planned([account, robot]), { code: 0 }, 'a service account that comes along need not be there')
}

async function missingRights(t: Test, stage: PlanStage): Promise<void> {
  const { shell, server } = stage
  await shell.read('kubectl create serviceaccount blind -n shop && kubectl create rolebinding blind -n shop --clusterrole=edit --serviceaccount=shop:blind')
  // No controller manager puts the rights of edit together.
  await shell.read('kubectl create role doer -n shop --verb=get,list,create,patch --resource=deployments.apps,pods,resourcequotas && kubectl create rolebinding doer -n shop --role=doer --serviceaccount=shop:blind')
  const token = (await shell.read('kubectl create token blind -n shop --duration 1h')).trim()
  const file = join(t.testdir({ kubeconfig: readFileSync(server.kubeconfig, 'utf8').replace(/"token":"[^"]*"/, `"token":"${token}"`) }), 'kubeconfig')
  const blind = await stage.plan([web(1)], `--kubeconfig ${file}`)
  t.equal(blind.code, 1, blind.stdout)
  t.match(blind.stderr, /cannot list resource "nodes".*choose a context that may/)
  await shell.read('kubectl create clusterrole looker --verb=list --resource=nodes,pods && kubectl create clusterrolebinding looker --clusterrole=looker --serviceaccount=shop:blind')
  await shell.read('kubectl delete rolebinding doer -n shop')
  const seeing = await stage.planned([web(1)], `--kubeconfig ${file}`)
  t.equal(seeing.code, 0, seeing.stderr)
  t.match(ofWorkload(seeing.found, 'web'), { judgedBy: 'as-written', placed: 1 })
  t.match(listAt(seeing.found, 'changes'), [{ change: 'unknown', detail: /cannot get resource "deployments"/ }])
  await shell.read('kubectl create role maker -n shop --verb=create --resource=pods && kubectl create rolebinding maker -n shop --role=maker --serviceaccount=shop:blind')
  const making = await stage.planned([web(1)], `--kubeconfig ${file}`)
  t.equal(making.code, 0, making.stderr)
  t.match(ofWorkload(making.found, 'web'), { judgedBy: 'dry-run', placed: 1 }, 'a pod of what could not be tried itself is tried')
}

async function fullQuota(t: Test, stage: PlanStage): Promise<void> {
  await stage.shell.read('kubectl apply --server-side --field-manager=ops -f -', JSON.stringify(web(2)))
  await stage.create(...podsOfWeb())
  await stage.create({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'two', namespace: 'shop' }, spec: { hard: { pods: '2' } }, status: { hard: { pods: '2' }, used: { pods: '2' } } })
  await stage.shell.read('kubectl patch resourcequota two -n shop --subresource=status --type=merge -p \'{"status":{"hard":{"pods":"2"},"used":{"pods":"2"}}}\'')
  await until('the quota counts', async () => (await stage.planned([web(3)])).found['type'] === 'https://usher.dev/docs/errors#rejected-by-cluster', 60_000)
  t.match(await stage.planned([web(3)]), { code: 4, found: { detail: /^a pod of Deployment web: .*exceeded quota: two/ } })
  t.match(await stage.planned([web(2)]), { code: 0, found: { workloads: [{ needed: 0, judgedBy: 'as-written' }] } }, 'a quota that is full of what runs is no fault')
  await stage.shell.read('kubectl delete resourcequota two -n shop')
}
