import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { fromKubeconfig } from '../../src/kube/cluster.ts'
import { ask, askHeld, jsonOf, type LockProcess, startLock, stateOf, waiters, type WireConnection } from '../support/lock-process.ts'
import { podStatus } from '../support/pod-json.ts'
import { until } from '../support/until.ts'
import { type ApiPods, apiPods } from './api-pods.ts'
import { type ApiServer, startApiServer } from './api-server.ts'
import { startSilentProxy } from './silent-proxy.ts'

interface Node {
  readonly server: ApiServer
  readonly pods: ApiPods
}

async function startNode(t: Test): Promise<Node> {
  const server = await startApiServer(t)
  return { server, pods: apiPods(fromKubeconfig(server.kubeconfig)) }
}

/** Has the pods ask, the first one at once and the others in their order behind it. */
async function queueUp(t: Test, lock: LockProcess, uids: readonly string[]): Promise<readonly WireConnection[]> {
  const [first, ...others] = uids
  t.equal((await ask(t, lock, `/?uid=${first}`)).status, 200)
  const held: WireConnection[] = []
  for (const uid of others) {
    held.push(await askHeld(t, lock, `/?uid=${uid}`, { wait: 300 }))
    await waiters(t, lock, held.length)
  }
  return held
}

async function createAll(pods: ApiPods, names: readonly string[]): Promise<string[]> {
  const uids: string[] = []
  for (const name of names) uids.push(await pods.create(name))
  return uids
}

const known = (lock: LockProcess, pods: number) => lock.line('the pods of the node are known', { pods })
const podsOf = async (t: Test, lock: LockProcess) => jsonOf(await ask(t, lock, '/v1/state'))['pods']

t.test('the lock is handed over as the pods of the node become ready, or are deleted', async (t) => {
  const { server, pods } = await startNode(t)
  const uids = await createAll(pods, ['a', 'b', 'c'])
  await pods.create('elsewhere', { spec: { nodeName: 'n2' } })
  const lock = await startLock(t, ['--strict', '--kubeconfig', server.kubeconfig, '--node', 'n1', '--unknown', 'refuse'])
  await known(lock, 3)
  const [b, c] = await queueUp(t, lock, uids)
  await pods.setStatus('a', podStatus.waiting('containerd://a-1', '10.1.0.5'))
  await pods.setStatus('a', podStatus.started('containerd://a-1', '10.1.0.5'))
  await pods.setStatus('a', podStatus.up('containerd://a-1', '10.1.0.5'))
  t.equal((await b?.answer())?.status, 200)
  await pods.setStatus('b', { ...podStatus.started('containerd://b-1'), phase: 'Failed' })
  t.equal((await c?.answer())?.status, 200)
  await lock.line('granted', { pod: 'default/c' })
  t.match(lock.lines('released'), [{ pod: 'default/a', cause: 'ready' }, { pod: 'default/b', cause: 'gone' }])
  const late = await pods.create('late')
  const held = await askHeld(t, lock, `/?uid=${late}`)
  await waiters(t, lock, 1)
  await pods.setStatus('c', podStatus.up('containerd://c-1', '10.1.0.7'))
  t.equal((await held.answer()).status, 200, 'a pod that has come later')
})

t.test('an outage of the API server: turns end by time, the order is kept, and afterwards it is as before', async (t) => {
  const { server, pods } = await startNode(t)
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l']
  const uids = await createAll(pods, names)
  const unseen = await pods.create('elsewhere', { spec: { nodeName: 'n2' } })
  const lock = await startLock(t, ['--strict', '--lease', '10s', '--kubeconfig', server.kubeconfig, '--node', 'n1', '--unknown', 'refuse'])
  await known(lock, names.length)
  const held = await queueUp(t, lock, uids)
  t.match(await podsOf(t, lock), { state: 'connected', known: names.length })
  await server.stop()
  await lock.line('the API server is not heard: turns end by time until it is')
  t.match(await podsOf(t, lock), { state: 'lost', known: names.length })
  t.equal((await ask(t, lock, `/?uid=${unseen}&duration=0`)).status, 423, 'a uid that nobody can be asked about is believed')
  // Three leases of ten seconds each.
  for (const connection of held.slice(0, 3)) t.equal((await connection.answer()).status, 200)
  await lock.line('granted', { pod: 'default/d' })
  t.match(lock.lines('released'), [{ pod: 'default/a', cause: 'lease-end' }, { pod: 'default/b', cause: 'lease-end' }, { pod: 'default/c', cause: 'lease-end' }])
  await server.start()
  await until('the API server is heard again', () => lock.lines('the API server is heard again').length === 1, 60_000)
  t.match(await podsOf(t, lock), { state: 'connected', known: names.length })
  const { holders: [holder], waiters: [next] } = await stateOf(t, lock)
  const name = holder?.pod?.replace('default/', '') ?? ''
  await pods.setStatus(name, podStatus.up(`containerd://${name}-1`))
  await lock.line('released', { pod: `default/${name}`, cause: 'ready' })
  await lock.line('granted', { pod: next?.pod ?? '' })
  const granted = lock.lines('granted').map(({ pod }) => pod)
  t.same(granted, names.slice(0, granted.length).map((each) => `default/${each}`), 'first come, first served')
})

t.test('a watch that is dead and does not look so: the lock notices while somebody holds it, and hands it over', async (t) => {
  const { server, pods } = await startNode(t)
  const proxy = await startSilentProxy(t, Number(new URL(server.url).port))
  const kubeconfig = join(t.testdir({}), 'kubeconfig')
  writeFileSync(kubeconfig, readFileSync(server.kubeconfig, 'utf8').replace(server.url, `https://127.0.0.1:${proxy.port}`))
  const uids = await createAll(pods, ['a', 'b', 'c'])
  const lock = await startLock(t, ['--strict', '--kubeconfig', kubeconfig, '--node', 'n1'])
  await known(lock, 3)
  const [b, c] = await queueUp(t, lock, uids)
  await pods.setStatus('a', podStatus.started('containerd://a-1'))
  await until('the watch has told of it', async () => JSON.stringify(jsonOf(await ask(t, lock, '/v1/state'))).includes('readiness probe'))
  proxy.silence()
  t.equal(proxy.silent, 1)
  const began = performance.now()
  await pods.setStatus('a', podStatus.up('containerd://a-1'))
  t.equal((await b?.answer())?.status, 200)
  const tookMs = performance.now() - began
  await lock.line('granted', { pod: 'default/b' })
  t.match(lock.lines('released'), [{ pod: 'default/a', cause: 'ready' }])
  t.ok(tookMs > 4_000 && tookMs < 30_000, `after ${Math.round(tookMs)} ms, by its own look`)
  t.equal(lock.lines('the API server is not heard: turns end by time until it is').length, 0)
  await pods.setStatus('b', podStatus.up('containerd://b-1'))
  t.equal((await c?.answer())?.status, 200, 'the new watch is alive')
  t.ok(performance.now() - began < tookMs + 8_000)
})
