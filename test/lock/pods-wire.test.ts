import t, { type Test } from 'tap'
import { type FakeApiServer, type FakeRequest, startFakeApiServer } from '../support/fake-api-server.ts'
import { kubeconfigFor } from '../support/kubeconfig-for.ts'
import { ask, askHeld, asDocument, connectTo, jsonOf, type LockProcess, requestOf, startLock, stateFolder, stateOf, waiters, type WireAnswer } from '../support/lock-process.ts'
import { conforms, documentOf } from '../support/openapi-document.ts'
import { podJson, podStatus } from '../support/pod-json.ts'
import { isProblem } from '../support/problem.ts'
import { until } from '../support/until.ts'
import type { JsonObject } from '../../src/units/json.ts'

t.jobs = 2

interface Watched {
  readonly api: FakeApiServer
  readonly lock: LockProcess
  /** The watch of the pods, once they have been listed. */
  readonly watching: FakeRequest
}

const strict = ['--strict', '--timeout', '1h', '--lease', '1h']

/** Starts a lock of node n1, and lists these pods when it asks for them. */
async function watchedLock(t: Test, pods: readonly JsonObject[], flags: readonly string[] = []): Promise<Watched> {
  const api = await startFakeApiServer(t)
  const lock = await startLock(t, [...strict, '--kubeconfig', kubeconfigFor(t, api), '--node', 'n1', ...flags])
  ;(await api.next('/api/v1/pods')).list('1', pods)
  const watching = await api.next('/api/v1/pods')
  await lock.line('the pods of the node are known', { pods: pods.length })
  watching.open()
  return { api, lock, watching }
}

function typed({ status, headers, body }: WireAnswer) {
  return { status, type: headers['content-type'], body }
}

t.test('the lock is handed over when its holder is ready', async (t) => {
  const { lock, watching } = await watchedLock(t, [podJson('a', { status: podStatus.waiting('a-1') }), podJson('b', { spec: { priority: 9 } })])
  t.equal((await ask(t, lock, '/?uid=uid-a&pod=some/thing')).status, 200)
  const b = await askHeld(t, lock, '/?uid=uid-b')
  t.match(await waiters(t, lock, 1), { holders: [{ pod: 'shop/a' }], waiters: [{ pod: 'shop/b', priority: 9 }] })
  watching.event('MODIFIED', podJson('a', { status: podStatus.started('a-1') }))
  watching.event('MODIFIED', podJson('a', { status: podStatus.up('a-1') }))
  t.equal((await b.answer()).status, 200)
  await lock.line('released', { pod: 'shop/a', cause: 'ready' })
  watching.event('DELETED', podJson('b'))
  await lock.line('released', { pod: 'shop/b', cause: 'gone' })
})

t.test('refusals are as the document says', async (t) => {
  const { lock, watching } = await watchedLock(t, [podJson('a'), podJson('b')], ['--unknown', 'refuse'])
  watching.event('MODIFIED', podJson('b', { status: podStatus.waiting('b-1', '127.0.0.2') }))
  const document = await documentOf(t, lock)
  await until('the address is known', async () => (await ask(t, lock, '/?uid=uid-b', { from: '127.0.0.2' })).status === 200)
  const post = (body: object) => ({ method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } })
  for (const [path, code, sent, asking] of [
    ['/', 'unknown-pod', '/', {}],
    ['/', 'unknown-pod', '/?uid=uid-nobody', { headers: asDocument }],
    ['/v1/leases', 'unknown-pod', '/v1/leases', post({ uid: 'uid-nobody' })],
    ['/', 'not-your-address', '/?uid=uid-a', { from: '127.0.0.2' }],
    ['/v1/leases', 'not-your-address', '/v1/leases', { ...post({ uid: 'uid-a' }), from: '127.0.0.2' }],
  ] as const) {
    const answer = await ask(t, lock, sent, asking)
    const method = 'method' in asking ? asking.method : 'GET'
    conforms(t, document, answer, { method, path, status: 403 }, sent)
    isProblem(t, typed(answer), code, sent)
    t.notMatch(answer.body, /uid-/)
  }
  const connection = await connectTo(t, lock)
  connection.send(requestOf('CONNECT lock:80'))
  isProblem(t, typed(await connection.answer('CONNECT')), 'unknown-pod', 'CONNECT')
  const { body } = await ask(t, lock, '/metrics')
  t.match(body, /usher_lock_rejected_total\{reason="unknown-pod"\} 4/)
  t.match(body, /usher_lock_rejected_total\{reason="not-your-address"\} 2/)
  t.match(await stateOf(t, lock), { holders: [{ pod: 'shop/b' }], waiters: [] }, 'nobody else is in the queue')
})

t.test('whoever is no pod of the node is served as an anonymous client, unless they are refused', async (t) => {
  const { lock } = await watchedLock(t, [podJson('a')], ['--locks', '3'])
  t.equal((await ask(t, lock, '/')).status, 200)
  t.equal((await ask(t, lock, '/?uid=uid-nobody&pod=shop/nobody')).status, 200)
  t.equal((await ask(t, lock, '/?uid=uid-a')).status, 200)
  const { holders } = await stateOf(t, lock)
  t.same(holders.map(({ pod, identified }) => [pod, identified]), [[null, false], ['shop/nobody', false], ['shop/a', true]])
})

t.test('after a restart in the same boot, addresses count from the first list on', async (t) => {
  const folder = stateFolder(t)
  const pods = [podJson('a', { status: podStatus.up('a-1', '127.0.0.2') }), podJson('b')]
  const first = await watchedLock(t, pods, ['--state-dir', folder])
  t.equal((await ask(t, first.lock, '/?uid=uid-b', { from: '127.0.0.2' })).status, 200, 'it may be an address of before the boot')
  first.lock.kill('SIGTERM')
  await first.lock.ended
  await t.test('the next one', async (t) => {
    const { lock } = await watchedLock(t, pods, ['--state-dir', folder])
    t.match(lock.lines('going on where it was'), [{ leases: 1 }])
    isProblem(t, typed(await ask(t, lock, '/?uid=uid-b', { from: '127.0.0.2' })), 'not-your-address', 'it is of this boot')
    t.equal((await ask(t, lock, '/?uid=uid-b', { from: '127.0.0.3' })).status, 200)
  })
})

t.test('uids are in no answer, and in no line of the log', async (t) => {
  const uids = ['8c1d4c0e-6a3c-4be5-9f0e-3a52c0de0001', '8c1d4c0e-6a3c-4be5-9f0e-3a52c0de0002', '8c1d4c0e-6a3c-4be5-9f0e-3a52c0de0003']
  const pods = uids.map((uid, index) => podJson(`p${index}`, { metadata: { uid }, status: podStatus.waiting(`c${index}`, `127.0.0.${index + 2}`) }))
  const { lock, watching, api } = await watchedLock(t, pods, ['--log-level', 'debug', '--unknown', 'refuse'])
  const answers: WireAnswer[] = []
  const seen = async (target: string, asking: Parameters<typeof ask>[3] = {}): Promise<WireAnswer> => {
    const answer = await ask(t, lock, target, asking)
    answers.push(answer)
    return answer
  }
  const [first, second, third] = uids
  const events = await askHeld(t, lock, '/v1/events')
  t.equal((await seen(`/?uid=${first}`)).status, 200)
  const held = await askHeld(t, lock, `/?uid=${second}&max-wait=600`, { headers: asDocument, wait: 1 })
  await waiters(t, lock, 1)
  for (const uid of [first, second, third]) await seen(`/v1/leases/${uid}`)
  t.equal((await seen(`/?uid=${third}`, { headers: asDocument })).status, 423)
  t.equal((await seen(`/?uid=${second}`, { from: '127.0.0.4' })).status, 423, 'it is not known to be another’s yet')
  watching.event('MODIFIED', podJson('p2', { metadata: { uid: third ?? '' }, status: podStatus.waiting('c2', '127.0.0.9') }))
  await until('the address is known', async () => (await seen(`/?uid=${second}`, { from: '127.0.0.9' })).status === 403)
  t.equal((await seen('/?uid=uid-nobody')).status, 403)
  for (const target of ['/v1/state', '/status', '/metrics', '/v1/openapi.json']) await seen(target)
  t.equal((await seen(`/v1/leases/${first}`, { method: 'DELETE', from: '127.0.0.7' })).status, 403)
  answers.push(await held.answer())
  watching.event('MODIFIED', podJson('p0', { metadata: { uid: first ?? '' }, status: podStatus.up('c0') }))
  watching.event('DELETED', podJson('p1', { metadata: { uid: second ?? '' } }))
  await lock.line('released', { pod: 'shop/p0' })
  await seen('/v1/state')
  api.stop()
  await lock.line('the API server is not heard: turns end by time until it is')
  await seen('/v1/state')
  lock.kill('SIGTERM')
  await lock.ended
  const everything = [...answers.map((answer) => JSON.stringify(answer)), events.rest(), lock.text(), lock.stderr()]
  t.match(events.rest(), /shop\/p0/, 'there is something to be seen')
  for (const uid of [...uids, 'uid-nobody']) for (const text of everything) t.notOk(text.includes(uid), `${uid} in ${text.slice(0, 200)}`)
})

t.test('the lock serves while the API server is absent', async (t) => {
  const api = await startFakeApiServer(t)
  const kubeconfig = kubeconfigFor(t, api)
  api.stop()
  const lock = await startLock(t, [...strict, '--kubeconfig', kubeconfig, '--node', 'n1', '--unknown', 'refuse'])
  t.equal((await ask(t, lock, '/readyz')).status, 200)
  await lock.line('the API server is not heard: turns end by time until it is')
  const began = performance.now()
  t.equal((await ask(t, lock, '/?uid=uid-a&pod=shop/a')).status, 200, 'it is held for a while, and believed')
  t.ok(performance.now() - began < 5_000, 'which its client waits for')
  t.equal((await ask(t, lock, '/?uid=uid-a')).status, 200, 'later ones are served at once')
  t.match(jsonOf(await ask(t, lock, '/v1/state')), { pods: { state: 'starting', known: 0 }, holders: [{ pod: 'shop/a', identified: true }] })
  t.equal(lock.lines('the API server is not heard: turns end by time until it is').length, 1, 'said once')
})

t.test('without a cluster it says so, and serves', async (t) => {
  const lock = await startLock(t)
  await lock.line('no cluster, or no --node: nothing is known of pods, and a turn ends by time or when it is given back')
  t.equal((await ask(t, lock, '/?uid=uid-a&pod=shop/a')).status, 200)
  t.match(jsonOf(await ask(t, lock, '/v1/state')), { pods: { state: 'none', known: 0 } })
})
