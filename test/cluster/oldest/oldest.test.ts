import t from 'tap'
import { until } from '../../support/until.ts'
import { cluster, kubectl, mustCluster } from '../support/command.ts'
import { failedHooks, leave, runLeaver } from '../support/leaver.ts'
import { answering, create, runPod, serve } from '../support/pods.ts'
import { showLogsOfFailure } from '../support/show-logs.ts'
import { loadUsher, makeNamespace, setValues } from '../support/usher.ts'

// The oldest version that usher supports; whatever cluster runs is brought down for it.
await mustCluster('down')
showLogsOfFailure(t)
t.teardown(() => mustCluster('down'))

t.test('runs Kubernetes 1.29', async (t) => {
  await mustCluster('up', '--kube-version', '1.29')
  t.match(await kubectl('get', 'nodes'), /node-1 +Ready .* v1\.29\./)
  await loadUsher(t)
  await runPod({ name: 'web', script: answering })
  await serve('website', 'web')
  const address = await kubectl('get', 'service', 'website', '-o', 'jsonpath={.spec.clusterIP}')
  const ask = (): Promise<string | false> => fetch(`http://${address}`).then((answer) => answer.text(), () => false)
  t.equal(await until('the service answers', ask), 'hello')
})

t.test('refuses a pod that sleeps natively before its stop', async (t) => {
  const pod = runPod({ name: 'sleeper', script: answering, preStop: { sleep: { seconds: 3 } } })
  await t.rejects(pod, /must specify a handler type/)
})

t.test('sleeps before a stop by a command', async (t) => {
  const command = ['node', '-e', 'setTimeout(() => {}, 3_000)']
  await runPod({ name: 'napper', script: answering, preStop: { exec: { command } } })
  const start = performance.now()
  await kubectl('delete', 'pod', 'napper')
  t.ok(performance.now() - start >= 3_000)
})

t.test('naps by usher\'s own binary, for the pod would be refused with a sleep', async (t) => {
  await setValues([])
  await makeNamespace(t, 'nap')
  const pod = { namespace: 'nap', name: 'web' }
  const { spec } = await runLeaver({ ...pod, annotations: { 'usher.dev/nap': '3s', 'usher.dev/lock-lease': '1s' } })
  t.match(spec.containers[0]?.lifecycle, { preStop: { exec: { command: ['/usher/nap', '3'] } } })
  const { deletedAt, unreadyAt, terminatedAt } = await leave(t, pod)
  t.ok(terminatedAt - deletedAt >= 3_000, 'SIGTERM comes after the nap')
  t.ok(unreadyAt <= terminatedAt, 'its endpoint is gone by then')
  t.same(await failedHooks(pod), [])
})

t.test('runs an init container that stays, before the others', async (t) => {
  const container = { image: 'usher.local/node:1', imagePullPolicy: 'Never' }
  const sidecar = { ...container, name: 'sidecar', restartPolicy: 'Always', args: ['-e', answering] }
  const main = { ...container, name: 'main', args: ['-e', 'fetch("http://localhost:8080").then((answer) => console.log(answer.status))'] }
  const spec = { restartPolicy: 'OnFailure', initContainers: [sidecar], containers: [main] }
  await create({ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'pair' }, spec })
  await kubectl('wait', '--for=jsonpath={.status.phase}=Succeeded', 'pod/pair', '--timeout=60s')
  t.equal(await kubectl('logs', 'pair', '-c', 'main'), '200\n')
})

t.test('starts its pods again after a reboot', async (t) => {
  await mustCluster('reboot-node')
  await until('its container is another', async () => (await kubectl('get', 'pod', 'web')).includes('1 ('))
  await kubectl('wait', '--for=condition=Ready', 'pod/web', '--timeout=60s')
  t.equal((await cluster('status')).code, 0)
})
