import t from 'tap'
import { contentOf, seePod, seeWorkload, sumOf, workloadKinds } from '../../src/enable/content.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { owner, plainSpec, workload } from '../support/enable-world.ts'

function see(kind: string, object: JsonObject) {
  const found = workloadKinds.find((each) => each.kind === kind)
  if (found === undefined) throw new Error(`${kind} is not read`)
  return seeWorkload(found, object)
}

function pod(name: string, by?: JsonObject, more: JsonObject = {}): JsonObject {
  const annotations = more['injected'] === true ? { 'usher.dev/status': '{"v":1,"init":"lock"}' } : {}
  return { metadata: { name, annotations, ...(by === undefined ? {} : { ownerReferences: [by] }), ...(more['metadata'] as JsonObject) }, spec: plainSpec(more['spec'] as JsonObject), status: { phase: more['phase'] ?? 'Running' } }
}

const shown = (content: ReturnType<typeof contentOf>) => content.map(({ candidate: { kind, name, source }, pods: { running, injected } }) => [kind, name, source, running, injected])

t.test('each workload once, with the pods that it has, through what stands between', async (t) => {
  const content = contentOf(
    [
      see('Deployment', workload('web')),
      see('ReplicaSet', workload('web-1', { of: { ownerReferences: [owner('apps/v1', 'Deployment', 'web')] }, replicas: 2 })),
      see('ReplicaSet', workload('web-0', { of: { ownerReferences: [owner('apps/v1', 'Deployment', 'web')] }, replicas: 0 })),
      see('StatefulSet', workload('db')),
      see('ReplicaSet', workload('lone')),
      see('CronJob', { metadata: { name: 'report' }, spec: { jobTemplate: { spec: workload('x')['spec'] as JsonObject } } }),
      see('Job', workload('report-1', { of: { ownerReferences: [owner('batch/v1', 'CronJob', 'report')] } })),
    ],
    [
      pod('web-1-a', owner('apps/v1', 'ReplicaSet', 'web-1'), { injected: true }),
      pod('web-1-b', owner('apps/v1', 'ReplicaSet', 'web-1')),
      pod('db-0', owner('apps/v1', 'StatefulSet', 'db')),
      pod('report-1-x', owner('batch/v1', 'Job', 'report-1')),
      pod('tool'),
    ].flatMap((each) => seePod(each) ?? []),
  )
  t.strictSame(shown(content), [
    ['Deployment', 'web', 'template', 2, 1],
    ['StatefulSet', 'db', 'template', 1, 0],
    ['ReplicaSet', 'lone', 'template', 0, 0],
    ['CronJob', 'report', 'template', 1, 0],
    ['Pod', 'tool', 'bare', 1, 0],
  ])
  t.strictSame(sumOf(content.map(({ pods }) => pods)), { running: 5, injected: 1 })
})

t.test('what makes no pods any more is left out', async (t) => {
  const done = { ...workload('once'), status: { conditions: [{ type: 'Complete', status: 'True' }] } }
  const rollout = { ownerReferences: [owner('argoproj.io/v1alpha1', 'Rollout', 'web')] }
  t.equal(see('Job', done).candidate, undefined)
  t.ok(see('Job', { ...workload('twice'), status: { conditions: [{ type: 'Suspended', status: 'True' }] } }).candidate)
  t.equal(see('ReplicaSet', workload('old', { of: rollout, replicas: 0 })).candidate, undefined)
  t.match(see('ReplicaSet', workload('new', { of: rollout, replicas: 1 })).candidate, { kind: 'ReplicaSet', name: 'new' }, "of another controller's, whose template is not read")
  t.equal(seePod(pod('ended', undefined, { phase: 'Succeeded' })), undefined)
  t.equal(seePod(pod('going', undefined, { metadata: { deletionTimestamp: '2026-11-25T10:00:00Z' } })), undefined)
  t.equal(seePod(pod('etcd-worker-1', { ...owner('v1', 'Node', 'worker-1') })), undefined, "of a node's own file")
})

t.test('pods of controllers that are not read stand for themselves: one of each sort', async (t) => {
  const run = owner('tekton.dev/v1', 'TaskRun', 'build')
  const other = { containers: [{ name: 'other', image: 'x' }] }
  const kruise = owner('apps.kruise.io/v1beta1', 'StatefulSet', 'cache')
  const pods = [pod('a', run), pod('b', run, { injected: true }), pod('c', run, { spec: other }), pod('cache-0', kruise)].flatMap((each) => seePod(each) ?? [])
  t.strictSame(shown(contentOf([], pods)), [
    ['TaskRun', 'build', 'running', 2, 1],
    ['TaskRun', 'build', 'running', 1, 0],
    ['StatefulSet', 'cache', 'running', 1, 0],
  ])
})
