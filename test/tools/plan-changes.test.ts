import t, { type Test } from 'tap'
import type { JsonObject } from '../../src/units/json.ts'
import { listAt } from '../support/pod-reader.ts'
import { container, deployment, node, ofWorkload, type PlanStage, podsOfWeb, startPlanStage } from './plan-stage.ts'

t.test('usher plan, beside what runs', async (t) => {
  const stage = await startPlanStage(t)
  await stage.namespace('shop')
  await stage.create(node('node-a', { allocatable: { memory: '5G' } }), node('node-b', { allocatable: { memory: '5G' } }))
  await t.test('what runs needs no more room; a new template shows what changes, and that there is no room for surge', (t) => running(t, stage))
  await t.test('fields that are no longer in the manifest, as each way to apply takes them out; and no values of Secrets', (t) => removedFields(t, stage))
  await t.test('the lock: the slowest start', (t) => slowestStart(t, stage))
})

const web = (replicas: number, memory = '4G'): JsonObject => deployment('web', replicas, { containers: [container('web', { memory })] })

async function running(t: Test, stage: PlanStage): Promise<void> {
  await stage.shell.read('kubectl apply --server-side --field-manager=ops -f -', JSON.stringify(web(2)))
  await stage.create(...podsOfWeb())
  const again = await stage.planned([web(2)], '--exit-code')
  t.equal(again.code, 0, again.stderr)
  t.match(ofWorkload(again.found, 'web'), { instances: 2, running: 2, outdated: 0, needed: 0, rollout: { maxSurge: 1, maxUnavailable: 0, surgeRoom: 0, goesOn: false } })
  t.strictSame(listAt(again.found, 'changes'), [{ kind: 'Deployment', name: 'web', namespace: 'shop', change: 'unchanged', fields: [] }])
  t.match(await stage.plan([web(2)]), { code: 0, stdout: /all run; no more room is needed\n.*\n {2}rollout: no room for surge \(maxSurge 1, maxUnavailable 0\): it would not go on; maxUnavailable 1 replaces/ })

  const more = await stage.planned([web(3)])
  t.equal(more.code, 4)
  t.match(more.found, { detail: 'Job requires 12G of memory but only 10G can be allocated.' }, 'what runs is part of what it requires, and of what it has')
  t.match(listAt(more.found, 'changes'), [{ change: 'changed', fields: [{ path: 'spec.replicas', before: 2, after: 3 }] }])

  const other = await stage.planned([web(2, '4500M')], '--exit-code')
  t.equal(other.code, 1, other.stderr)
  t.match(ofWorkload(other.found, 'web'), { running: 0, outdated: 2, needed: 2, placed: 2, rollout: { surgeRoom: 0, goesOn: false } }, 'the room of those that go is free in the end')
  t.match(listAt(other.found, 'changes'), [{ fields: [{ path: 'spec.template.spec.containers[web].resources.requests.memory', before: '4G', after: '4500M' }] }])
  t.match(await stage.plan([web(2, '4500M')]), { stdout: /spec\.template\.spec\.containers\[web\]\.resources\.requests\.memory\n +- 4G\n +\+ 4500M\n/ })

  await stage.shell.read('kubectl patch pod web-one-b -n shop --subresource=status --type=merge -p \'{"status":{"phase":"Failed"}}\'')
  t.match(ofWorkload((await stage.planned([web(2)])).found, 'web'), { running: 1, needed: 1, placed: 1 }, 'a pod that is over takes no room')
  await stage.shell.read('kubectl delete deployment web -n shop && kubectl delete pods -n shop --all --force --grace-period 0')
}

async function removedFields(t: Test, stage: PlanStage): Promise<void> {
  const config = (data: JsonObject, name: string): JsonObject => ({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name, namespace: 'shop' }, data })
  await stage.shell.read('kubectl apply -f -', JSON.stringify(config({ a: '1', b: '2' }, 'by-patch')))
  await stage.shell.read('kubectl apply --server-side --field-manager=ops -f -', JSON.stringify(config({ a: '1', b: '2' }, 'by-server')))
  const { code, found, stderr } = await stage.planned([config({ a: '1', c: '3' }, 'by-patch'), config({ a: '1', c: '3' }, 'by-server')])
  t.equal(code, 0, stderr)
  const fields = [{ path: 'data.b', before: '2' }, { path: 'data.c', after: '3' }]
  t.strictSame(listAt(found, 'changes').map((each) => each['fields']), [fields, fields])

  const secret = (password: string): JsonObject => ({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'db', namespace: 'shop' }, stringData: { password } })
  await stage.shell.read('kubectl apply --server-side -f -', JSON.stringify(secret('hunter2')))
  const hidden = await stage.planned([secret('correct horse')])
  t.match(listAt(hidden.found, 'changes'), [{ change: 'changed', fields: [{ path: 'data.password', before: '(hidden)', after: '(hidden)' }] }])
  t.notMatch(JSON.stringify(hidden.found), Buffer.from('hunter2').toString('base64'))
}

async function slowestStart(t: Test, stage: PlanStage): Promise<void> {
  const app = deployment('app', 6, { containers: [container('app', { memory: '1G' }, { readinessProbe: { httpGet: { port: 80 }, periodSeconds: 60, successThreshold: 2 } })] })
  const injected = JSON.parse(await stage.shell.read('usher inject -q -f - -o json', JSON.stringify(app))) as JsonObject
  const { code, found, stderr } = await stage.planned([injected])
  t.equal(code, 0, stderr)
  t.match(ofWorkload(found, 'app'), { placed: 6, start: { podsOnOneNode: 5, lock: { leaseSeconds: 120, maxWaitSeconds: 240 }, waitSeconds: 240, readinessFloorSeconds: 60 } })
  t.match((await stage.plan([injected])).stdout, /slowest start: at most 4m of waiting for the lock where these alone start on a node \(5 pods, a lease of 2m each\); at most 4m whatever else starts there; probes call no pod ready before 60s/)
  t.match(ofWorkload((await stage.planned([app])).found, 'app'), { start: { waitSeconds: 0 } }, 'no lock, no wait')
}
