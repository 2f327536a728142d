import t, { type Test } from 'tap'
import { until } from '../support/until.ts'
import { theCluster } from './cluster-file.ts'
import { runOn, startOn } from './machine.ts'
import { stopPart } from './processes.ts'
import { dryRun, lockIsInjected, lockIsLeftOut } from './support/breaker.ts'
import { delaysIn, secondsSince } from './support/delays.ts'
import { lockProcess, usherProcesses } from './support/lock-process.ts'
import { runOutOfMemory } from './support/out-of-memory.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { apply, kubectl, list, makeNamespace, setValues, startUsher, systemNamespace } from './support/usher.ts'
import { anotherGetsTheLock, hasGotTheLock, hasLock, naps, type Pod, readyPod, startPods } from './support/workloads.ts'

await startUsher(t)
showLogsOfFailure(t)

const short = { 'usher.dev/lock-lease': '1s', 'usher.dev/nap': '1s' }
// How long usher-wait tries a lock that has never answered, and what starts differ by on a machine that others use.
const connectWaitMs = 15_000
const noiseMs = 10_000
const restartsWithinMs = 180_000
const [node] = theCluster().machines
if (node === undefined) throw new Error('there is no node')
const lockPods = ['--namespace', systemNamespace, '--selector', 'app.kubernetes.io/component=lock']

t.test('the DaemonSet of the lock is deleted: who was injected before starts without its turn, others without the lock', async (t) => {
  const admitted = await injected(t, 'deleted')
  t.teardown(() => setValues([]))
  await kubectl(['delete', 'daemonset', 'usher-lock', '--namespace', systemNamespace, '--cascade=foreground'])
  await goesOn(t, admitted)
  await lockIsLeftOut('deleted')
  await startsWithoutTheLock(t, 'deleted')

  await setValues([])
  await comesBack(t, 'deleted')
})

t.test('the lock hangs: who was injected starts without its turn, others without the lock, until the kubelet has restarted it', async (t) => {
  const admitted = await injected(t, 'hung')
  const pid = lockProcess()
  if (pid === undefined) throw new Error('the lock does not run')
  const began = performance.now()
  process.kill(pid, 'SIGSTOP')
  await goesOn(t, admitted)
  await lockIsLeftOut('hung')
  t.comment(`left out after ${secondsSince(began)} s`)
  await startsWithoutTheLock(t, 'hung')
  await until('the kubelet has started another one', () => ![pid, undefined].includes(lockProcess()), restartsWithinMs)
  await comesBack(t, 'hung')
  t.comment(`back after ${secondsSince(began)} s`)
})

for (const [what, answer] of [['answers whatever it is asked', "response.writeHead(404).end('not here')"], ['never answers', '']] as const) {
  t.test(`somebody else has the port of the lock, and ${what}: pods start`, async (t) => {
    const namespace = answer === '' ? 'taken-silent' : 'taken'
    const admitted = await injected(t, namespace)
    const take = `
      const server = require('node:http').createServer((request, response) => { ${answer} })
      server.on('error', () => setTimeout(() => server.listen(8888, '0.0.0.0'), 5))
      server.on('listening', () => require('node:fs').writeFileSync('/run/taken', ''))
      server.listen(8888, '0.0.0.0')
    `
    const stranger = startOn(node, 'stranger', [process.execPath, '-e', take])
    try {
      await kubectl(['delete', 'pod', ...lockPods, '--wait=false'])
      await until('it has the port', () => runOn(node, ['test', '-e', '/run/taken']).then(() => true, () => false), 60_000)
      await goesOn(t, admitted)
      await lockIsLeftOut(namespace)
      await startsWithoutTheLock(t, namespace)
    } finally {
      await stopPart(stranger)
      await runOn(node, ['rm', '-f', '/run/taken'])
    }
    // Its restarts have become rare meanwhile.
    await kubectl(['delete', 'pod', ...lockPods])
    await comesBack(t, namespace)
  })
}

t.test('memory runs out for webhook and lock: the kernel kills them, pods start meanwhile, and both are back', async (t) => {
  await makeNamespace(t, 'memory', undefined, short)
  await lockIsInjected('memory')
  for (const command of ['webhook', 'lock'] as const) {
    const pids = usherProcesses(command)
    t.ok(pids.length > 0, `${command}: ${pids.length} processes`)
    await Promise.all(pids.map((pid) => runOutOfMemory(pid)))
    await delaysIn(t, 'memory', { rounds: 1 })
    await until(`the ${command} is back`, () => usherProcesses(command).length === pids.length, restartsWithinMs)
    const killed = await list<Pod>('get', 'pods', '--namespace', systemNamespace, '--selector', `app.kubernetes.io/component=${command}`)
    t.match(JSON.stringify(killed), '"reason":"OOMKilled"', 'Kubernetes says so')
  }
  await comesBack(t, 'memory')
})

t.test('the disk of the lock is full: it grants from memory, and writes again when there is room', async (t) => {
  await makeNamespace(t, 'full', undefined, short)
  const folder = '/run/usher'
  await runOn(node, ['mount', '-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder])
  try {
    await kubectl(['delete', 'pod', ...lockPods])
    await comesBack(t, 'full')
    await runOn(node, ['sh', '-c', `cat /dev/zero > ${folder}/full 2> /dev/null || true`])
    await delaysIn(t, 'full')
    const { late } = await startPods('full', { late: {} })
    await hasGotTheLock(t, late)
    t.ok((await saveFailures()) > 0, 'it says that it cannot write')
    await runOn(node, ['sh', '-c', `rm ${folder}/full && touch /run/emptied`])
    const { last } = await startPods('full', { last: {} })
    await hasGotTheLock(t, last)
    await until('it writes again', async () => (await runOn(node, ['find', folder, '-type', 'f', '-size', '+0', '-newer', '/run/emptied'])) !== '', 60_000)
  } finally {
    await kubectl(['delete', 'pod', ...lockPods])
    await runOn(node, ['umount', '--lazy', folder])
  }
  await kubectl(['delete', 'pod', ...lockPods])
  await comesBack(t, 'full')
})

/** Makes a namespace, and gives what a pod becomes there while all is well. */
async function injected(t: Test, namespace: string): Promise<Pod> {
  await makeNamespace(t, namespace, undefined, short)
  await lockIsInjected(namespace)
  const pod = await dryRun(namespace)
  return { ...pod, metadata: { ...pod.metadata, name: 'early', namespace } }
}

/** Starts a pod as if it had been admitted a moment before: it goes on without its turn. */
async function goesOn(t: Test, { metadata: { name, namespace, annotations }, spec }: Pod): Promise<void> {
  const began = performance.now()
  await apply({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace, annotations }, spec })
  const pod = await readyPod(namespace, name)
  const ms = performance.now() - began
  t.comment(`injected before: ready after ${(ms / 1_000).toFixed(1)} s`)
  t.ok(ms < connectWaitMs + noiseMs)
  t.match(pod.status.initContainerStatuses, [{ name: 'usher-lock', restartCount: 0, state: { terminated: { exitCode: 0 } } }])
  t.match(await kubectl(['logs', '--namespace', namespace, name, '--container=usher-lock']), 'starts without the startup lock')
}

async function startsWithoutTheLock(t: Test, namespace: string): Promise<void> {
  const { pods, medianMs, withoutMs } = await delaysIn(t, namespace)
  t.notOk(pods.some(hasLock), 'the lock is left out')
  t.ok(pods.every(naps), 'the nap remains')
  t.ok(medianMs < withoutMs + noiseMs)
}

async function comesBack(t: Test, namespace: string): Promise<void> {
  await lockIsInjected(namespace)
  await anotherGetsTheLock(t, namespace)
}

async function saveFailures(): Promise<number> {
  const name = (await kubectl(['get', 'pods', ...lockPods, '-o', 'name'])).trim().split('/').at(-1)
  const metrics = await kubectl(['get', '--raw', `/api/v1/namespaces/${systemNamespace}/pods/${name}:8888/proxy/metrics`])
  return Number(/^usher_lock_state_save_failures_total (\d+)$/m.exec(metrics)?.[1] ?? 0)
}
