import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { type FakeApiServer, type FakeRequest, startFakeApiServer, statusOf as failureOf } from '../support/fake-api-server.ts'
import { ask, type LockProcess, startLock } from '../support/lock-process.ts'
import { podJson, statusOf, waitStatus } from '../support/pod-json.ts'
import { until } from '../support/until.ts'
import { runUsher } from '../support/usher-process.ts'
import { readMetric } from '../support/webhook.ts'

t.jobs = 2

const without = 'usher_lock_started_without_lock_total'

t.test('tells as an Event that a pod has started without the lock while that was down', async (t) => {
  const api = await startFakeApiServer(t)
  const { lock, list } = await start(t, api)
  list.list('1', [gaveUp('web')])
  const request = await api.next('/api/v1/namespaces/shop/events')
  t.match(JSON.parse(request.body), {
    reason: 'StartedWithoutLock',
    type: 'Warning',
    involvedObject: { name: 'web', uid: 'uid-web' },
    source: { component: 'usher-lock', host: 'n1' },
  })
  request.json({}, 201)
  await until('it is counted', async () => (await metric(t, lock, 'usher_lock_pod_events_total{reason="StartedWithoutLock",outcome="sent"}')) === 1)
  t.equal(await metric(t, lock, without), 1)
})

t.test('serves the lock whatever the API server says of Events', async (t) => {
  const api = await startFakeApiServer(t)
  const { lock, list } = await start(t, api)
  list.list('1', [gaveUp('web')])
  const request = await api.next('/api/v1/namespaces/shop/events')
  t.equal((await ask(t, lock, '/?uid=uid-web')).status, 200, 'while it waits for the answer')
  const message = 'events is forbidden: User "system:serviceaccount:usher-system:usher-lock" cannot create resource "events" in API group ""'
  request.json(failureOf(403, message), 403)
  await lock.line('Events may not be made; trying again once in ten minutes')
  t.equal((await ask(t, lock, '/?uid=uid-web')).status, 200)
  lock.kill('SIGTERM')
  t.equal((await lock.ended).code, 0)
})

t.test('does not wait for an answer when it ends', async (t) => {
  const api = await startFakeApiServer(t)
  const { lock, list } = await start(t, api)
  list.list('1', [gaveUp('web')])
  await api.next('/api/v1/namespaces/shop/events')
  lock.kill('SIGTERM')
  t.equal((await lock.ended).code, 0)
})

t.test('--events off makes none, and counts still', async (t) => {
  const api = await startFakeApiServer(t)
  const { lock, list } = await start(t, api, ['--events', 'off'])
  list.list('1', [gaveUp('web')])
  await until('it is counted', async () => (await metric(t, lock, without)) === 1)
  const watch = await api.next('/api/v1/pods')
  watch.event('ADDED', gaveUp('api'))
  await until('the next one is, too', async () => (await metric(t, lock, without)) === 2)
  t.equal(api.waiting, 0)
})

t.test('--events takes on and off', async (t) => {
  const { code, stderr } = await runUsher(t, ['lock', '--port', '0', '--events', 'maybe'])
  t.equal(code, 2)
  t.match(stderr, '--events: "maybe" is neither on nor off')
})

async function start(t: Test, api: FakeApiServer, flags: readonly string[] = []): Promise<{ readonly lock: LockProcess; readonly list: FakeRequest }> {
  const kubeconfig = join(t.testdir({}), 'kubeconfig')
  writeFileSync(kubeconfig, api.config.exportConfig())
  const lock = await startLock(t, ['--kubeconfig', kubeconfig, '--node', 'n1', ...flags])
  return { lock, list: await api.next('/api/v1/pods') }
}

/** A pod whose usher-wait has given up just now. */
function gaveUp(name: string): object {
  const message = 'no lock has answered at 192.0.2.1:8888 for 15 s (connection refused): the pod starts without the startup lock'
  const terminated = { exitCode: 0, reason: 'Completed', message, finishedAt: new Date().toISOString() }
  return podJson(name, { status: statusOf('Running', waitStatus(`containerd://${name}`, { terminated }), []) })
}

async function metric(t: Test, lock: LockProcess, sample: string): Promise<number> {
  return readMetric((await ask(t, lock, '/metrics')).body, sample)
}
