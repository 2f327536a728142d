import t from 'tap'
import type { Instance } from '../../../src/job/instances/instance.ts'
import { instanceLine, instanceRow } from '../../../src/job/instances/line.ts'
import type { InstanceState } from '../../../src/job/instances/sight.ts'
import { summariseJob, summariseWorkload, wantedOf } from '../../../src/job/instances/summary.ts'

const instance = (state: InstanceState, parts: Partial<Instance> = {}): Instance => ({ name: 'app-7d9f-x2k4', namespace: 'shop', uid: '1', node: 'node-2', restarts: 0, state, label: state, reason: '', why: '', sinceMs: 0, isTrouble: false, ...parts })
const instances = (...states: readonly InstanceState[]): readonly Instance[] => states.map((state) => instance(state))

t.test('a job is healthy where as many instances are as are wanted', async (t) => {
  t.equal(summariseJob(3, instances('Healthy', 'Healthy', 'Healthy')).text, 'Healthy 3/3')
  t.equal(summariseJob(3, instances('Healthy', 'Pending', 'Healthy')).text, 'Degraded 2/3')
  t.equal(summariseJob(3, []).text, 'Degraded 0/3')
  t.equal(summariseJob(2, instances('Healthy', 'Healthy', 'Healthy', 'Starting')).text, 'Healthy 2/2', 'a rollout has some more')
  t.equal(summariseJob(1, instances('Ending')).text, 'Degraded 0/1', 'one that ends does not count')
  t.equal(summariseJob(0, []).text, 'Stopped 0/0')
  t.equal(summariseJob(2, instances('Done', 'Done')).text, 'Done 2/2')
  t.equal(summariseJob(2, instances('Done', 'Failed')).text, 'Degraded 1/2')
})

t.test('each kind of workload says otherwise how many it wants', async (t) => {
  t.equal(wantedOf({ kind: 'Deployment', spec: { replicas: 4 } }), 4)
  t.equal(wantedOf({ kind: 'StatefulSet', spec: { replicas: 0 } }), 0)
  t.equal(wantedOf({ kind: 'Deployment', spec: {} }), 1)
  t.equal(wantedOf({ kind: 'DaemonSet', status: { desiredNumberScheduled: 5 } }), 5)
  t.equal(wantedOf({ kind: 'Job', spec: { completions: 3, parallelism: 2 } }), 3)
  t.equal(wantedOf({ kind: 'Job', spec: { parallelism: 2 } }), 2)
  t.equal(wantedOf({ kind: 'Job', spec: { completions: 3, suspend: true } }), 0)
  t.equal(wantedOf({ kind: 'Pod' }), 1)
})

t.test('of a batch job its own counts tell, too: pods that are done may be gone', async (t) => {
  const job = (status: Readonly<Record<string, number | readonly object[]>>) => ({ kind: 'Job', spec: { completions: 3 }, status }) as never
  t.equal(summariseWorkload(job({ succeeded: 2 }), instances('Healthy')).text, 'Healthy 3/3')
  t.equal(summariseWorkload(job({ succeeded: 1 }), instances('Starting')).text, 'Degraded 1/3')
  t.equal(summariseWorkload(job({ conditions: [{ type: 'Complete', status: 'True' }] }), []).text, 'Done 3/3')
  t.equal(summariseWorkload(job({ succeeded: 1, conditions: [{ type: 'Failed', status: 'True' }] }), instances('Done', 'Failed')).text, 'Failed 1/3')
})

t.test('a line of an instance', async (t) => {
  const queued = instance('Queued', { label: 'Queued for the lock #3', sinceMs: 1_000_000, why: 'shop/api starts now\nreally' })
  t.equal(instanceLine(queued, 1_012_000), 'app-7d9f-x2k4  node-2  Queued for the lock #3  12s  shop/api starts now')
  t.equal(instanceLine(instance('Healthy', { sinceMs: 1, why: 'it is ready' }), 60_001), 'app-7d9f-x2k4  node-2  Healthy  60s')
  t.equal(instanceLine(instance('Pending', { node: undefined, why: 'no\u{1b}[31m room' }), 1), 'app-7d9f-x2k4  -  Pending  -  no?[31m room', 'nothing of it steers a terminal')
  t.equal(instanceRow(instance('Pending', { why: 'x'.repeat(500) }), 1)[4]?.length, 160)
})
