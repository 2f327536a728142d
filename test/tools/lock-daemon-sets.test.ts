import { writeFileSync } from 'node:fs'
import { uptime } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { fromKubeconfig } from '../../src/kube/cluster.ts'
import { deniedForMs } from '../../src/lock/gates/watch-daemon-sets.ts'
import { ask, asDocument, askHeld, jsonOf, type LockProcess, startLock, stateOf, waiters } from '../support/lock-process.ts'
import { until } from '../support/until.ts'
import { type ApiDaemons, apiDaemons } from './api-daemons.ts'
import { type ApiPods, apiPods } from './api-pods.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { openShell } from './shell.ts'

interface Cluster {
  readonly server: ApiServer
  readonly daemons: ApiDaemons
  readonly pods: ApiPods
}

/** Starts an API server with a node n1 that has just been booted: the status of its DaemonSet's pod is of before. */
async function startCluster(t: Test): Promise<Cluster> {
  const server = await startApiServer(t)
  const config = fromKubeconfig(server.kubeconfig)
  const daemons = apiDaemons(config)
  await daemons.node('n1')
  await daemons.daemonSet('cni')
  await daemons.pod('cni')
  await daemons.setUp('cni', new Date(Date.now() - uptime() * 1_000 - 60_000))
  return { server, daemons, pods: apiPods(config) }
}

function startGated(t: Test, kubeconfig: string, ...flags: readonly string[]): Promise<LockProcess> {
  return startLock(t, ['--kubeconfig', kubeconfig, '--node', 'n1', '--daemonsets', ...flags])
}

/** Waits until the gate is so, and has such a reason. */
async function gateIs(t: Test, lock: LockProcess, open: boolean, reason: RegExp, ms?: number): Promise<void> {
  const what = `the gate is ${open ? 'open' : 'closed'}: ${reason}`
  await until(what, async () => (await stateOf(t, lock)).gates.some((gate) => gate.open === open && reason.test(gate.reason)), ms)
}

t.test('nobody is granted before the DaemonSet’s pod is ready since the boot; who waits is told', async (t) => {
  const { server, daemons, pods } = await startCluster(t)
  const uid = await pods.create('web')
  const lock = await startGated(t, server.kubeconfig)
  await gateIs(t, lock, false, /^1 of 1 not ready: default\/cni \(ready before the boot\)$/)
  const held = await askHeld(t, lock, `/?uid=${uid}`)
  await waiters(t, lock, 1)
  const answer = await ask(t, lock, '/?uid=somebody', { headers: asDocument })
  t.equal(answer.status, 423)
  t.match(jsonOf(answer), {
    reason: 'gate-closed',
    detail: /^waiting for daemonsets \(1 of 1 not ready: default\/cni \(ready before the boot\), \d+ s\), 1 ahead$/,
    gates: [{ name: 'daemonsets', reason: '1 of 1 not ready: default/cni (ready before the boot)' }],
  })
  await daemons.setPending('cni')
  await gateIs(t, lock, false, /default\/cni \(not ready\)/)
  t.equal((await stateOf(t, lock)).waiters.length, 1)
  const began = performance.now()
  await daemons.setUp('cni', new Date())
  t.equal((await held.answer()).status, 200)
  t.comment(`granted ${Math.round(performance.now() - began)} ms after the status was written`)
  await gateIs(t, lock, true, /^all 1 ready$/)
  t.match((await ask(t, lock, '/metrics')).body, /^usher_lock_gate_open\{gate="daemonsets"\} 1$/m)
  t.match((await ask(t, lock, '/metrics')).body, /^usher_lock_daemonsets\{state="ready"\} 1$/m)
})

t.test('a DaemonSet that comes later closes the gate as soon as it has a pod; one that goes opens it', async (t) => {
  const { server, daemons } = await startCluster(t)
  await daemons.setUp('cni', new Date())
  const lock = await startGated(t, server.kubeconfig)
  await gateIs(t, lock, true, /^all 1 ready$/)
  await daemons.daemonSet('proxy')
  const began = performance.now()
  await daemons.pod('proxy')
  await gateIs(t, lock, false, /^1 of 2 not ready: default\/proxy \(not ready\)$/)
  t.comment(`closed ${Math.round(performance.now() - began)} ms after the pod was there`)
  await openShell(t, { tools: ['kubernetes'], kubeconfig: server.kubeconfig }).read('kubectl delete daemonset proxy')
  await gateIs(t, lock, true, /^all 1 ready$/)
})

t.test('while the API server is away the gate stays as it is, and opens by itself in the end', async (t) => {
  const { server, daemons } = await startCluster(t)
  const lock = await startGated(t, server.kubeconfig, '--gate-max-wait', '8s')
  await gateIs(t, lock, false, /before the boot/)
  await server.stop()
  const held = await askHeld(t, lock, '/?uid=somebody')
  t.equal((await stateOf(t, lock)).gates[0]?.open, false)
  t.equal((await held.answer()).status, 200, 'nobody waits for longer than --gate-max-wait')
  await lock.line('the gate has been closed for too long; it counts as open')
  await server.start()
  await until('the API server is heard again', () => lock.lines('the API server is heard again').length === 1, 60_000)
  await daemons.setUp('cni', new Date())
  await gateIs(t, lock, true, /^all 1 ready$/)
})

t.test('without the rights the gate is open, and the log says which one is missing', async (t) => {
  const { server } = await startCluster(t)
  const { read } = openShell(t, { tools: ['kubernetes'], kubeconfig: server.kubeconfig })
  // What the chart gives without the gate.
  await read('kubectl create clusterrole pods --verb=list,watch --resource=pods')
  await read('kubectl create clusterrolebinding pods --clusterrole=pods --serviceaccount=default:default')
  const token = (await read('kubectl create token default --duration 600s')).trim()
  const config = JSON.parse(await read('kubectl config view --raw -o json'))
  const kubeconfig = join(t.testdir({}), 'kubeconfig')
  writeFileSync(kubeconfig, JSON.stringify({ ...config, users: [{ name: 'usher-test', user: { token } }] }))
  const lock = await startGated(t, kubeconfig)
  await gateIs(t, lock, true, /^not judged: the lock has no right to see the DaemonSets$/, 2 * deniedForMs + 20_000)
  t.equal((await ask(t, lock, '/?duration=0')).status, 200)
  const line = await lock.line('a right is missing: the gate of DaemonSets stays open')
  t.match(line, { err: { message: /User "system:serviceaccount:default:default" cannot (list resource "daemonsets"|get resource "nodes")/ } })
})
