import t, { type Test } from 'tap'
import type { JsonObject } from '../../src/units/json.ts'
import { instancePods } from '../support/instance-pod.ts'
import { ask, askHeld, startLock } from '../support/lock-process.ts'
import { installLocks } from './installed-locks.ts'
import { startKubelet } from './kubelet.ts'
import { parseObject } from './pod-template.ts'
import { explain, startWhyStage, type WhyStage as Stage } from './why-stage.ts'

t.test('usher why, and the nodes of a cluster', async (t) => {
  const stage = await startWhyStage(t)
  await t.test('queued: who starts before it, by the lock of its node', (t) => queued(t, stage))
  await t.test('--node: all that speaks against it, or that there is room', (t) => nodes(t, stage))
})

async function queued(t: Test, stage: Stage): Promise<void> {
  const { played, server, shell } = stage
  await stage.namespace('turn')
  const locks = await installLocks(server, shell)
  const kubelet = await startKubelet(t)
  await locks.addNode('node-2', kubelet.port)
  const lock = await startLock(t, ['--strict'])
  await locks.addLock('node-2', [`--port=${lock.port}`])
  const web = await played.deployment('turn', 'web', { replicas: 1 })
  await web.pod(instancePods.waiting({ name: 'web-7d9f8-x2k4d' }), 30)
  await ask(t, lock, '/?uid=1&pod=turn/api-1')
  const waiting = await askHeld(t, lock, '/?uid=2&pod=turn/web-7d9f8-x2k4d')
  t.teardown(() => waiting.socket.destroy())
  const text = await explain(t, stage, 'usher why web -n turn')
  t.match(text, /^web-7d9f8-x2k4d +node-2 +Queued for the lock #1 +\d+s$/m)
  t.match(text, /^web-7d9f8-x2k4d: turn\/api-1 starts now on node-2 \(for \d+s\); it is next\n {2}turn\/api-1 has started for \d+s\n {2}next: usher status node-2 shows all who start and wait there$/m)
  // What it depends on comes before its turn.
  const gated = instancePods.waiting({ name: 'web-7d9f8-gated', metadata: { annotations: { 'usher.dev/status': '{"v":1,"init":"lock"}', 'usher.dev/depends-on': 'job/db, service/data/redis' } } })
  await web.pod(gated, 30)
  t.match(await explain(t, stage, 'usher why pod/web-7d9f8-gated -n turn'), /^web-7d9f8-gated: usher-lock waits for job\/db, service\/data\/redis \(usher\.dev\/depends-on\), and then for the startup lock of node-2\n {2}next: usher why job\/db -n turn\n {2}next: kubectl get endpointslices -n data -l kubernetes\.io\/service-name=redis$/m)
  // A lock that is down is no reason to say nothing.
  lock.kill('SIGKILL')
  await lock.ended
  const without = await explain(t, stage, 'usher why web -n turn')
  t.match(without, /^web-7d9f8-x2k4d +node-2 +Queued for the lock +\d+s$/m)
  t.match(without, /^the lock of node-2 could not be asked: by port-forward: /m)
}

async function nodes(t: Test, stage: Stage): Promise<void> {
  const { played, shell } = stage
  const addNode = (name: string, spec: JsonObject, memory: string) =>
    played.create('/api/v1/nodes', { metadata: { name }, spec }, { allocatable: { cpu: '4', memory, pods: '110' }, capacity: { cpu: '4', memory, pods: '110' }, conditions: [{ type: 'Ready', status: 'True' }] })
  await addNode('full', { unschedulable: true }, '1Gi')
  await addNode('free', {}, '8Gi')
  // Whoever looks after nodes takes it away once they are ready.
  await shell.read('kubectl taint node full free node.kubernetes.io/not-ready:NoSchedule-')
  await stage.namespace('room')
  const web = await played.deployment('room', 'web', { replicas: 2 })
  const spec = (nodeName?: string): JsonObject => ({ nodeName, containers: [{ name: 'web', image: 'web:2', resources: { requests: { memory: '768Mi' } } }] })
  await web.pod(instancePods.ready({ name: 'web-7d9f8-a', spec: { ...spec('full'), initContainers: [] }, lock: undefined }))
  const waiting = instancePods.unschedulable('0/2 nodes are available: 1 Insufficient memory, 1 node(s) were unschedulable.')
  await web.pod({ ...waiting, metadata: { ...(waiting['metadata'] as JsonObject), name: 'web-7d9f8-b' }, spec: spec() })
  const full = await explain(t, stage, 'usher why web -n room --node full')
  t.match(full, /^full does not take an instance of it:\n {2}cordoned\n {2}memory: 256Mi left, one takes 768Mi$/m)
  t.match(await explain(t, stage, 'usher why web -n room --node free'), /^free takes an instance of it:\n {2}there is room for 10 more$/m)
  t.match(parseObject(await explain(t, stage, 'usher why web -n room --node full -o json')), { node: { node: 'full', takes: false, reasons: ['cordoned', /memory/] } })
  t.match(await shell.run('usher why web -n room --node ful'), { code: 1, stderr: /there is no node "ful"; did you mean full\?/ })
  // Rules about neighbours are about all nodes.
  const apart = { ...spec(), affinity: { podAntiAffinity: { requiredDuringSchedulingIgnoredDuringExecution: [{ topologyKey: 'kubernetes.io/hostname', labelSelector: { matchLabels: { app: 'apart' } } }] } } }
  await shell.read('kubectl label node free kubernetes.io/hostname=free')
  const labels = { app: 'apart' }
  await played.create('/apis/apps/v1/namespaces/room/deployments', { metadata: { name: 'apart' }, spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: apart } } }, { observedGeneration: 1 })
  await played.pod('room', instancePods.ready({ name: 'apart-1', metadata: { labels }, spec: { ...apart, nodeName: 'free', initContainers: [] }, lock: undefined }))
  t.match(await explain(t, stage, 'usher why deploy/apart -n room --node free'), /^free does not take an instance of it:\n {2}anti-affinity: such a pod is in kubernetes\.io\/hostname=free already$/m)
}
