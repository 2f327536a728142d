import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { parseAllDocuments } from 'yaml'
import { fromKubeconfig } from '../../src/kube/cluster.ts'
import { missingCommand } from '../native/support/commands.ts'
import { startWait } from '../native/wait/support/program.ts'
import { ask, asDocument, askHeld, jsonOf, type LockProcess, startLock } from '../support/lock-process.ts'
import { until } from '../support/until.ts'
import { type ApiPods, apiPods } from './api-pods.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { openShell, type Shell } from './shell.ts'

interface Node {
  readonly server: ApiServer
  readonly pods: ApiPods
  readonly shell: Shell
}

async function startNode(t: Test): Promise<Node> {
  const server = await startApiServer(t)
  return { server, pods: apiPods(fromKubeconfig(server.kubeconfig)), shell: openShell(t, { tools: ['kubernetes'], kubeconfig: server.kubeconfig }) }
}

async function lockOf(t: Test, kubeconfig: string, pods: number): Promise<LockProcess> {
  const lock = await startLock(t, ['--strict', '--kubeconfig', kubeconfig, '--node', 'n1', '--unknown', 'refuse'])
  await lock.line('the pods of the node are known', { pods })
  return lock
}

/** A pod of the node that waits for these. */
function create(pods: ApiPods, name: string, dependsOn: string, more: Readonly<Record<string, string>> = {}): Promise<string> {
  return pods.create(name, { metadata: { annotations: { 'usher.dev/depends-on': dependsOn, ...more } } })
}

function slice(name: string, service: string, isReady: boolean, namespace = 'default'): string {
  const endpoints = [{ addresses: ['10.1.0.9'], conditions: { ready: isReady } }]
  const metadata = { name, namespace, labels: { 'kubernetes.io/service-name': service } }
  return JSON.stringify({ apiVersion: 'discovery.k8s.io/v1', kind: 'EndpointSlice', metadata, addressType: 'IPv4', endpoints })
}

/** What the lock says of the dependencies of the pods that wait: `default/web: service/redis: 0 of 1 endpoints ready`. */
async function gatedOf(t: Test, lock: LockProcess): Promise<readonly string[]> {
  const gated = jsonOf(await ask(t, lock, '/v1/state'))['gated'] as { pod: string; dependencies: { target: string; reason: string }[] }[]
  return gated.flatMap(({ pod, dependencies }) => dependencies.map(({ target, reason }) => `${pod}: ${target}: ${reason}`))
}

async function gatedIs(t: Test, lock: LockProcess, ...wanted: readonly string[]): Promise<void> {
  await until(`waits are ${wanted.join('; ')}`, async () => JSON.stringify(await gatedOf(t, lock)) === JSON.stringify(wanted))
  t.pass(wanted.join('; '))
}

t.test('a pod is held until its Service has a ready endpoint, and takes the lock from nobody', async (t) => {
  const { server, pods, shell } = await startNode(t)
  const uid = await create(pods, 'web', 'service/redis')
  const other = await pods.create('other')
  const lock = await lockOf(t, server.kubeconfig, 2)
  const held = await askHeld(t, lock, `/?uid=${uid}`, { wait: 300 })
  await gatedIs(t, lock, 'default/web: service/redis: there is none, or it has no endpoints')
  await shell.read('kubectl apply -f -', slice('redis-1', 'redis', false))
  await shell.read('kubectl apply -f -', slice('another-1', 'another', true))
  await gatedIs(t, lock, 'default/web: service/redis: 0 of 1 endpoints ready')
  t.equal((await ask(t, lock, `/?uid=${other}`)).status, 200)
  t.equal((await ask(t, lock, `/v1/leases/${other}`, { method: 'DELETE' })).status, 204)
  await shell.read('kubectl apply -f -', slice('redis-1', 'redis', true))
  t.equal((await held.answer()).status, 200)
  await lock.line('what it depends on is healthy', { pod: 'default/web' })
  await lock.line('granted', { pod: 'default/web' })
})

t.test('workloads, Jobs and jobs of usher are judged by their status; what vanishes is waited for again', async (t) => {
  const { server, pods, shell } = await startNode(t)
  await shell.read('kubectl create namespace other && kubectl create deployment api --image=a --replicas=2 && kubectl create deployment db --image=a -n other && kubectl label deployment db -n other usher.dev/job=db && kubectl create job migrate --image=a')
  const uid = await create(pods, 'web', 'deployment/api, job/db, job/migrate, deployment/other/db')
  const lock = await lockOf(t, server.kubeconfig, 1)
  const held = await askHeld(t, lock, `/?uid=${uid}`, { wait: 300 })
  const unseen = 'its last change has not been seen by its controller yet'
  await gatedIs(t, lock, `default/web: deployment/api: ${unseen}`, `default/web: job/db: ${unseen}`, 'default/web: job/migrate: 0 of 1 completions', `default/web: deployment/other/db: ${unseen}`)
  const setStatus = (what: string, status: object) => shell.read(`kubectl patch ${what} --subresource=status --type=merge -p '${JSON.stringify({ status })}'`)
  await setStatus('deployment api', { observedGeneration: 1, replicas: 2, updatedReplicas: 2, readyReplicas: 1 })
  await setStatus('deployment db -n other', { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1 })
  const times = { startTime: '2026-01-01T00:00:00Z', completionTime: '2026-01-01T00:01:00Z' }
  const conditions = ['SuccessCriteriaMet', 'Complete'].map((type) => ({ type, status: 'True', lastTransitionTime: times.completionTime }))
  await setStatus('job migrate', { ...times, succeeded: 1, uncountedTerminatedPods: {}, conditions })
  await gatedIs(t, lock, 'default/web: deployment/api: 1 of 2 replicas ready', 'default/web: job/db: 1 of 1 replicas ready', 'default/web: job/migrate: complete', 'default/web: deployment/other/db: 1 of 1 replicas ready')
  await shell.read('kubectl delete deployment db -n other')
  await gatedIs(t, lock, 'default/web: deployment/api: 1 of 2 replicas ready', 'default/web: job/db: there is none', 'default/web: job/migrate: complete', 'default/web: deployment/other/db: there is none')
  await setStatus('deployment api', { readyReplicas: 2 })
  await shell.read('kubectl create deployment db --image=a -n other && kubectl label deployment db -n other usher.dev/job=db')
  await setStatus('deployment db -n other', { observedGeneration: 1, replicas: 1, updatedReplicas: 1, readyReplicas: 1 })
  t.equal((await held.answer()).status, 200)
})

t.test('after its timeout a pod goes on, and usher-wait says without what', { skip: missingCommand('make', 'cc') }, async (t) => {
  const { server, pods } = await startNode(t)
  const uid = await create(pods, 'web', 'service/redis:timeout=3s')
  const lock = await lockOf(t, server.kubeconfig, 1)
  const { code, lines } = await startWait(t, ['--host=127.0.0.1', `--port=${lock.port}`, '--pod=default/web', `--uid=${uid}`]).finish()
  t.equal(code, 0)
  t.match(lines, [
    /^asking/,
    /^waiting for the startup lock of this node: waiting for service\/redis \(there is none, or it has no endpoints\), \d s$/,
    'waiting for the startup lock of this node: goes on without service/redis (there is none, or it has no endpoints, timed out after 3 s)',
    /^got the startup lock/,
  ])
})

t.test('where its author wants that, usher-wait fails after the timeout, and waits anew', { skip: missingCommand('make', 'cc') }, async (t) => {
  const { server, pods } = await startNode(t)
  const uid = await create(pods, 'web', 'service/redis:timeout=2s:on-timeout=fail')
  const lock = await lockOf(t, server.kubeconfig, 1)
  const args = ['--host=127.0.0.1', `--port=${lock.port}`, '--pod=default/web', `--uid=${uid}`]
  const { code, lines } = await startWait(t, [...args, '--may-fail']).finish()
  t.equal(code, 4)
  t.match(lines.at(-1), /^what the pod depends on is not healthy: service\/redis \(there is none.*timed out after 2 s\): the init container fails, and waits anew$/)
  // One that does not know of it, or is not to fail, asks again, until its own wait is over.
  const older = await startWait(t, [...args, '--max-wait=5s']).finish()
  t.equal(older.code, 0)
  t.match(older.lines.at(-1), /: the pod starts without the startup lock$/)
})

t.test('without the rights of the chart for it a pod goes on, and is told which right is missing', async (t) => {
  const { server, pods, shell } = await startNode(t)
  const uid = await create(pods, 'web', 'service/redis:on-timeout=fail')
  const lock = await lockOf(t, await limited(t, server, shell, 'kubectl create clusterrole some --verb=list,watch --resource=pods'), 1)
  const told = await askHeld(t, lock, `/?uid=${uid}`, { wait: 300, headers: asDocument })
  const answer = await told.answer()
  t.equal(answer.status, 423)
  t.equal(jsonOf(answer)['detail'], 'goes on without service/redis (the lock has no right to see it)')
  t.equal((await ask(t, lock, `/?uid=${uid}`)).status, 200)
  await lock.line('the lock has no right to see what a pod depends on: the pod goes on without')
})

t.test("with the rights of the chart it sees all that pods may depend on", async (t) => {
  const { server, pods, shell } = await startNode(t)
  const rendered = parseAllDocuments(readFileSync(new URL('../../deploy/usher.yaml', import.meta.url), 'utf8')).map((each) => each.toJS())
  const role = rendered.find(({ kind, metadata }) => kind === 'ClusterRole' && metadata.name === 'usher-lock')
  await shell.read('kubectl apply -f -', JSON.stringify({ ...role, metadata: { name: 'some' } }))
  const uid = await create(pods, 'web', 'service/a, deployment/b, statefulset/c, daemonset/d, job/e')
  const lock = await lockOf(t, await limited(t, server, shell, 'true'), 1)
  await askHeld(t, lock, `/?uid=${uid}`, { wait: 300 })
  await gatedIs(t, lock, 'default/web: service/a: there is none, or it has no endpoints', ...['deployment/b', 'statefulset/c', 'daemonset/d', 'job/e'].map((each) => `default/web: ${each}: there is none`))
})

/** A kubeconfig of a service account that has the rights of the ClusterRole `some`. */
async function limited(t: Test, server: ApiServer, { read }: Shell, makeRole: string): Promise<string> {
  await read(`${makeRole} && kubectl create clusterrolebinding some --clusterrole=some --serviceaccount=default:default`)
  const token = (await read('kubectl create token default --duration 600s')).trim()
  const config = JSON.parse(readFileSync(server.kubeconfig, 'utf8'))
  const kubeconfig = join(t.testdir({}), 'kubeconfig')
  writeFileSync(kubeconfig, JSON.stringify({ ...config, users: [{ name: 'usher-test', user: { token } }] }))
  return kubeconfig
}
