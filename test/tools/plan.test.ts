import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import type { JsonObject } from '../../src/units/json.ts'
import { listAt, objectAt } from '../support/pod-reader.ts'
import { container, deployment, node, ofWorkload, type PlanStage, runningPod, startPlanStage } from './plan-stage.ts'

t.test('usher plan, in a cluster', async (t) => {
  const stage = await startPlanStage(t)
  await stage.namespace('shop')
  await t.test('bad input: a sentence that says what to do, and the exit code', (t) => badInput(t, stage))
  await t.test('a cluster without nodes takes nothing', (t) => noNodes(t, stage))
  await stage.create(node('node-a', { allocatable: { memory: '5G' } }), node('node-b', { allocatable: { memory: '5G' } }))
  await t.test('12G wanted where 10G are free: the problem document, exit code 4, and nothing is created', (t) => tooMuchMemory(t, stage))
  await t.test('enough in all, and no node with room: no-placement', (t) => noPlacement(t, stage))
  await t.test('what the API server would really make of a pod counts: LimitRange, overhead', (t) => realPods(t, stage))
  await t.test('every kind of workload is planned, and changes are told by the exit code', (t) => allKinds(t, stage))
  await stage.create(
    node('node-c', { spec: { unschedulable: true } }),
    node('node-d', { isReady: false }),
    node('node-e', { spec: { taints: [{ key: 'dedicated', value: 'gpu', effect: 'NoSchedule' }] }, labels: { disk: 'ssd' } }),
  )
  await stage.create(runningPod('proxy', 'node-a', { containers: [container('proxy', {}, { ports: [{ containerPort: 80, hostPort: 8080 }] })] }))
  await t.test('why not this node: cordons, readiness, taints, selectors, ports', (t) => whyNot(t, stage))
})

const web = (replicas: number, memory = '4G'): JsonObject => deployment('web', replicas, { containers: [container('web', { memory })] })

const ofNode = (found: JsonObject, workload: string, name: string): JsonObject => listAt(ofWorkload(found, workload), 'nodes').find((each) => each['name'] === name) ?? {}

async function badInput(t: Test, stage: PlanStage): Promise<void> {
  async function says(line: string, code: number, text: RegExp, stdin = ''): Promise<void> {
    const { code: found, stdout, stderr } = await stage.shell.run(line, stdin)
    t.match(stderr, text, line)
    t.equal(found, code, `${line}: ${stdout}${stderr}`)
    t.notMatch(stderr, /\n {4}at /, 'no stack')
  }
  await says('usher plan', 2, /nothing to read: -f FILE/)
  await says('usher plan web.yaml', 2, /files are given with -f/)
  await says('usher plan -f - -o wide', 2, /"wide" is none of table, json and yaml/)
  await says('usher plan -f - -n Shop', 2, /"Shop" is not a name that a namespace can have/)
  await says('usher plan -f - --timeout 0', 2, /--timeout: in "0" nothing can be asked/)
  await says('usher plan -f nowhere.yaml', 1, /nowhere\.yaml: it cannot be read: there is no such file/)
  await says('usher plan -f -', 1, /standard input: there is nothing to plan/)
  await says('usher plan -f -', 1, /neither containers nor services/, 'a: 1\n')
  await says('usher plan -f -', 1, /standard input:2: it is neither YAML nor JSON/, 'a: 1\nb: c: d\n')
  await says('usher plan -f - --context nowhere', 3, /there is no context "nowhere"; there are usher-test/, JSON.stringify(web(1)))
  const nobody = JSON.parse(readFileSync(stage.server.kubeconfig, 'utf8')) as { clusters: [{ cluster: { server: string } }] }
  nobody.clusters[0].cluster.server = 'https://127.0.0.1:1'
  const file = join(t.testdir({ kubeconfig: JSON.stringify(nobody) }), 'kubeconfig')
  await says(`usher plan -f - --kubeconfig ${file}`, 3, /cannot be reached at https:\/\/127\.0\.0\.1:1/, JSON.stringify(web(1)))
}

async function noNodes(t: Test, stage: PlanStage): Promise<void> {
  const { code, found, stderr } = await stage.planned([web(1)])
  t.equal(code, 4, stderr)
  t.match(found, { type: 'https://usher.dev/docs/errors#no-placement', job: 'web', detail: 'Job cannot be placed: the cluster has no nodes.' })
}

async function tooMuchMemory(t: Test, stage: PlanStage): Promise<void> {
  const { code, found, stderr } = await stage.planned([web(3)])
  t.equal(code, 4, stderr)
  t.strictSame(Object.entries(found).slice(0, 4), [
    ['type', 'https://usher.dev/docs/errors#insufficient-memory'],
    ['title', 'Insufficient memory for job'],
    ['detail', 'Job requires 12G of memory but only 10G can be allocated.'],
    ['job', 'web'],
  ])
  t.match(ofWorkload(found, 'web'), { instances: 3, running: 0, needed: 3, placed: 2 })
  const table = await stage.plan([web(3)])
  t.equal(table.code, 4)
  t.equal(table.stderr, 'usher plan: Job requires 12G of memory but only 10G can be allocated. Nothing was created. Ask for less memory or for fewer instances, or add a node. (insufficient-memory)\n')
  t.match(table.stdout, /^ {2}NODE +RUN +NEW +FITS +FREE MEMORY/m)
  t.match(table.stdout, /^ {2}node-a +0 +1 +1 +5G +4 +100Gi +110 +memory: 1G left, one takes 4G$/m)
  t.equal((await stage.shell.read('kubectl get deployments,replicasets,pods -A -o name')).trim(), '', 'nothing was created')

  t.match((await stage.planned([deployment('web', 2, { containers: [container('web', { cpu: '3', memory: '1' })] }), deployment('api', 2, { containers: [container('api', { cpu: '1500m' })] })])).found, {
    type: /#insufficient-cpu$/,
    detail: 'Job requires 3 cores of CPU but only 2 can be allocated.',
    job: 'api',
  }, 'what another workload of the file takes is not free')
  t.match((await stage.planned([deployment('web', 3, { containers: [container('web', { 'ephemeral-storage': '80Gi' })] })])).found, { type: /#insufficient-disk$/, detail: 'Job requires 240Gi of disk but only 200Gi can be allocated.' })
}

async function noPlacement(t: Test, stage: PlanStage): Promise<void> {
  const { code, found } = await stage.planned([web(1, '6G')])
  t.equal(code, 4)
  t.match(found, { type: /#no-placement$/, title: 'No placement for job', detail: 'Job requires room for 1 instance but only 0 can be placed (2 of 2 nodes: too little memory free).' })
  const apart = { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'web' } } }] } }
  const spread = await stage.planned([deployment('web', 3, { affinity: apart, containers: [container('web')] })])
  t.match(spread.found, { type: /#no-placement$/, detail: 'Job requires room for 3 instances but only 2 can be placed (2 of 2 nodes: anti-affinity).' })
  t.match(ofNode(spread.found, 'web', 'node-a'), { fits: 1, placed: 1, reasons: [{ code: 'anti-affinity' }] })
}

async function realPods(t: Test, stage: PlanStage): Promise<void> {
  await stage.namespace('limited')
  await stage.create({ apiVersion: 'v1', kind: 'LimitRange', metadata: { name: 'usual', namespace: 'limited' }, spec: { limits: [{ type: 'Container', defaultRequest: { memory: '2G' }, default: { memory: '3G' } }] } })
  await stage.create({ apiVersion: 'node.k8s.io/v1', kind: 'RuntimeClass', metadata: { name: 'heavy' }, handler: 'heavy', overhead: { podFixed: { memory: '500M' } } })
  const inLimited = (spec: JsonObject): JsonObject => ({ ...deployment('plain', 5, spec), metadata: { name: 'plain', namespace: 'limited' } })
  const plain = await stage.planned([inLimited({ containers: [container('plain')] })])
  t.equal(plain.code, 4, plain.stderr)
  t.match(ofWorkload(plain.found, 'plain'), { requests: { memory: 2_000_000_000 }, judgedBy: 'dry-run', placed: 4 })
  const heavy = await stage.planned([inLimited({ runtimeClassName: 'heavy', containers: [container('plain')] })])
  t.match(ofWorkload(heavy.found, 'plain'), { requests: { memory: 2_500_000_000 }, placed: 4 })
  await stage.create({ apiVersion: 'v1', kind: 'ResourceQuota', metadata: { name: 'all', namespace: 'limited' }, spec: { hard: { pods: '3' } } })
  const bounded = await stage.planned([inLimited({ containers: [container('plain')] })])
  t.match(ofWorkload(bounded.found, 'plain')['notJudged'], ['quotas of the namespace, for more than one pod'])
}

async function allKinds(t: Test, stage: PlanStage): Promise<void> {
  const labels = { app: 'all' }
  const template = { metadata: { labels }, spec: { containers: [container('main', { memory: '100M' })] } }
  const finishing = { ...template, spec: { ...template.spec, restartPolicy: 'Never' } }
  const selector = { matchLabels: labels }
  const of = (apiVersion: string, kind: string, spec: JsonObject): JsonObject => ({ apiVersion, kind, metadata: { name: kind.toLowerCase(), namespace: 'shop' }, spec })
  const objects = [
    of('apps/v1', 'Deployment', { replicas: 2, selector, template }),
    of('apps/v1', 'StatefulSet', { replicas: 3, serviceName: 'all', selector, template }),
    of('apps/v1', 'DaemonSet', { selector, template }),
    of('apps/v1', 'ReplicaSet', { replicas: 4, selector, template }),
    of('batch/v1', 'Job', { parallelism: 5, completions: 9, template: finishing }),
    of('batch/v1', 'CronJob', { schedule: '0 0 * * *', jobTemplate: { spec: { template: finishing } } }),
    of('v1', 'Pod', template.spec),
    of('coordination.k8s.io/v1', 'Lease', {}),
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'settings', namespace: 'shop' } },
  ]
  const { code, found, stderr } = await stage.planned(objects)
  t.equal(code, 0, stderr)
  const counts = listAt(found, 'workloads').map(({ kind, instances, placed, rollout }) => [kind, instances, placed, objectAt(rollout)['kind']])
  t.strictSame(counts, [
    ['Deployment', 2, 2, 'rolling'],
    ['StatefulSet', 3, 3, 'rolling'],
    ['DaemonSet', 2, 2, 'rolling'],
    ['ReplicaSet', 4, 4, undefined],
    ['Job', 5, 5, undefined],
    ['CronJob', 1, 1, undefined],
    ['Pod', 1, 1, undefined],
  ])
  t.strictSame(listAt(found, 'changes').map(({ kind, change }) => [kind, change]), objects.map(({ kind }) => [kind, 'created']))
  t.match(found['notes'], [/one after the other, the largest first/])
  t.match(await stage.plan(objects, '--exit-code'), { code: 1, stdout: /^Lease shop\/lease +created$/m, stderr: '' })
  t.equal((await stage.shell.read('kubectl get deployments,pods,configmaps -n shop -o name')).trim(), '', 'nothing was created')
}

async function whyNot(t: Test, stage: PlanStage): Promise<void> {
  const plain = await stage.planned([web(2)])
  t.equal(plain.code, 0, plain.stderr)
  const reasons = listAt(ofWorkload(plain.found, 'web'), 'nodes').map(({ name, fits, reasons }) => [name, fits, listAt({ reasons }, 'reasons').map(({ detail }) => detail)])
  t.strictSame(reasons, [
    ['node-a', 1, ['memory: 1G left, one takes 4G']],
    ['node-b', 1, ['memory: 1G left, one takes 4G']],
    ['node-c', 0, ['cordoned']],
    ['node-d', 0, ['not ready']],
    ['node-e', 0, ['taint dedicated=gpu:NoSchedule']],
  ])
  const gpu = { tolerations: [{ key: 'dedicated', operator: 'Exists' }], nodeSelector: { disk: 'ssd' } }
  const chosen = await stage.planned([deployment('web', 2, { ...gpu, containers: [container('web', { memory: '4G' })] })])
  t.equal(chosen.code, 0, chosen.stderr)
  t.match(ofNode(chosen.found, 'web', 'node-e'), { fits: 2, placed: 2 })
  t.match(ofNode(chosen.found, 'web', 'node-a'), { fits: 0, reasons: [{ code: 'node-selector', detail: 'no label disk=ssd' }] })

  const ported = await stage.planned([deployment('web', 2, { containers: [container('web', {}, { ports: [{ containerPort: 80, hostPort: 8080 }] })] })])
  t.match(ported, { code: 4, found: { type: /#no-placement$/ } })
  t.match(ofNode(ported.found, 'web', 'node-a'), { fits: 0, reasons: [{ code: 'host-port', detail: 'port 8080/TCP of the node is taken' }] })
  t.match(ofNode(ported.found, 'web', 'node-b'), { fits: 1, reasons: [{ code: 'host-port', detail: 'port 8080/TCP of the node: one pod a node' }] })
}
