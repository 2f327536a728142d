import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { until } from '../support/until.ts'
import { liveFolder, logFolder } from './folders.ts'
import { nodeImage, writeNodeImage } from './images/node.ts'
import type { Status } from './status.ts'
import { cluster, kubectl, mustCluster } from './support/command.ts'
import { machineState } from './support/machine-state.ts'
import { answering, runPod, serve } from './support/pods.ts'
import { showLogsOfFailure } from './support/show-logs.ts'

// The cluster is the machine's only one: whatever runs is brought down, and each test goes on where the last one ended.
await mustCluster('down')
const before = await machineState()
const image = join(t.testdir({}), 'node.tar')
await writeNodeImage(image)
showLogsOfFailure(t)
t.teardown(() => mustCluster('down'))

t.test('says what it does not know', async (t) => {
  t.equal((await cluster('upp')).code, 2)
  t.match((await cluster('up', '--kube-version', '1.12')).stderr, '--kube-version 1.12: the cluster runs 1.29 and 1.37')
  t.match((await cluster('up', '--nodes', 'two')).stderr, '--nodes two: not a whole number from 1 to 9')
  t.match((await cluster('kubectl', 'get', 'pods')).stderr, 'there is no cluster; npm run cluster -- up starts one')
})

t.test('up starts a cluster, and does nothing where it is up', async (t) => {
  await mustCluster('up')
  const status = await readStatus()
  t.ok(status.healthy)
  const { code, stderr } = await cluster('up')
  t.equal(code, 0)
  t.match(stderr, 'up already')
  t.strictSame(pidsOf(await readStatus()), pidsOf(status))
  t.match((await cluster('up', '--nodes', '2')).stderr, /whose nodes is 1, not 2; .*down/)
})

t.test('runs a pod, whose logs are read and which runs commands', async (t) => {
  await mustCluster('load', image)
  await runPod({ name: 'web', script: answering })
  t.equal(await kubectl('logs', 'web'), 'listening\n')
  const { code, stdout } = await cluster('kubectl', 'exec', 'web', '--', 'node', '-e', 'console.log("inside"); process.exit(3)')
  t.equal(stdout, 'inside\n')
  t.equal(code, 3, 'the code of kubectl is passed on')
  t.equal(await kubectl('get', 'pod', 'web', '-o', 'jsonpath={.spec.containers[0].image}'), nodeImage)
})

t.test('resolves names in a pod, and answers at the address of a service', async (t) => {
  await serve('website', 'web')
  const address = await kubectl('get', 'service', 'website', '-o', 'jsonpath={.spec.clusterIP}')
  const looked = await inPod('require("dns").promises.lookup("website").then(({ address }) => console.log(address))')
  t.equal(looked.trim(), address)
  const asked = 'fetch("http://website.default.svc.cluster.local").then((answer) => answer.text()).then(console.log)'
  t.equal(await until('the service answers', () => inPod(asked).catch(() => undefined)), 'hello\n')
  t.equal(await (await fetch(`http://${address}`)).text(), 'hello', 'and from this machine')
})

t.test('sleeps before a stop, as a preStop hook says', async (t) => {
  await runPod({ name: 'sleeper', script: answering, preStop: { sleep: { seconds: 3 } } })
  const start = performance.now()
  await kubectl('delete', 'pod', 'sleeper')
  t.ok(performance.now() - start >= 3_000)
})

t.test('starts the pods of a node again after its reboot', async (t) => {
  const nodeOf = (): Promise<string> => kubectl('get', 'pod', 'web', '-o', 'jsonpath={.spec.nodeName}')
  const id = (): Promise<string> => kubectl('get', 'pod', 'web', '-o', 'jsonpath={.metadata.uid} {.status.containerStatuses[0].containerID}')
  const [node, earlier] = [await nodeOf(), await id()]
  const offAt = Date.now()
  await mustCluster('reboot-node', node)
  await until('its container is another', async () => (await id()) !== earlier)
  await kubectl('wait', '--for=condition=Ready', 'pod/web', '--timeout=60s')
  t.equal((await id()).split(' ')[0], earlier.split(' ')[0], 'the pod is the same')
  const rebooted = await kubectl('get', 'events', '--field-selector', 'reason=Rebooted', '-o', 'name')
  t.match(rebooted, 'event/', 'the kubelet has seen a reboot')
  t.ok(Number(await inPod('console.log(os.uptime())')) <= (Date.now() - offAt) / 1_000 + 1, 'it has been up since then')
})

for (const part of ['node-1/kubelet', 'control/etcd']) {
  t.test(`is healed by down and up, with ${part} killed`, async (t) => {
    const pid = (await readStatus()).parts.find(({ name }) => name === part)?.pid ?? 0
    t.ok(process.kill(pid, 'SIGKILL'))
    await until('its end is seen', async () => (await readStatus()).parts.some(({ running }) => !running))
    t.equal((await cluster('status')).code, 1)
    const { code, stderr } = await cluster('up')
    t.equal(code, 1)
    t.match(stderr, 'the cluster is half dead')
    t.match(stderr, `${part} has ended`)
    t.match(stderr, 'npm run cluster -- down, and up again')
    await mustCluster('down')
    await mustCluster('up')
    t.ok((await readStatus()).healthy)
  })
}

t.test('is healed by down and up, with the last up interrupted', async (t) => {
  await mustCluster('down')
  const starting = spawn(process.execPath, [join(import.meta.dirname, 'cli.ts'), 'up'], { stdio: ['ignore', 'ignore', 'pipe'] })
  await once(starting.stderr, 'data')
  await until('a part runs', async () => (await readStatus().catch(() => undefined))?.parts.some(({ name }) => name === 'control/etcd'))
  starting.kill('SIGKILL')
  await once(starting, 'close')
  const { code, stderr } = await cluster('up')
  t.equal(code, 1)
  t.match(stderr, /not come to its end.*; npm run cluster -- down, and up again/)
})

t.test('runs several nodes, whose pods reach each other, and nodes that only say so', async (t) => {
  await mustCluster('down')
  await mustCluster('up', '--nodes', '2', '--kwok-nodes', '3')
  const { nodes } = await readStatus()
  t.strictSame(nodes.map(({ name }) => name), ['kwok-1', 'kwok-2', 'kwok-3', 'node-1', 'node-2'])
  await mustCluster('load', image)
  await runPod({ name: 'web', script: answering, node: 'node-2' })
  await serve('website', 'web')
  await runPod({ name: 'asker', script: answering, node: 'node-1' })
  const ask = 'fetch("http://website").then((answer) => answer.text()).then(console.log)'
  t.equal(await until('it answers', () => inPod(ask, 'asker').catch(() => undefined)), 'hello\n')
})

t.test('down leaves nothing behind but logs', async (t) => {
  const during = await machineState()
  t.not(during['processes']?.length, 0, 'what is looked at shows a cluster')
  t.notSame(during['links'], before['links'])
  await mustCluster('down')
  t.strictSame(await machineState(), before)
  t.notOk(existsSync(liveFolder))
  t.ok(existsSync(join(logFolder, 'node-2.kubelet.log')))
  t.equal((await cluster('status')).code, 1)
})

async function readStatus(): Promise<Status> {
  return JSON.parse((await cluster('status', '--json')).stdout) as Status
}

function pidsOf({ parts }: Status): readonly number[] {
  return parts.map(({ pid }) => pid)
}

function inPod(script: string, pod = 'web'): Promise<string> {
  return kubectl('exec', pod, '--', 'node', '-e', script)
}
