import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { fromKubeconfig } from '../../src/kube/cluster.ts'
import { type PodEvent, podEventsOf } from '../../src/kube/pod-events.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { ask, askHeld, type LockProcess, startLock } from '../support/lock-process.ts'
import { appStatus, finished, statusOf, waitStatus, webContainer } from '../support/pod-json.ts'
import { until } from '../support/until.ts'
import { readMetric } from '../support/webhook.ts'
import { startApiServer } from './api-server.ts'
import { template } from './chart.ts'
import { openShell, type Shell } from './shell.ts'

const namespace = 'shop'

t.test('Events of pods, on a real API server, with the rights that the chart gives', async (t) => {
  const { kubeconfig } = await startApiServer(t)
  const shell = openShell(t, { tools: ['kubernetes', 'helm'], kubeconfig })
  const { read, run } = shell
  const ours = await asChart(t, shell, kubeconfig)
  await read(`kubectl create namespace ${namespace}`)
  await read(`kubectl create serviceaccount default --namespace ${namespace}`)
  const start = (folder?: string) =>
    startLock(t, ['--strict', '--kubeconfig', ours, '--node', 'n1', ...(folder === undefined ? [] : ['--state-dir', folder])])

  await t.test('kubectl shows beside a pod how it fares with the lock', async (t) => {
    const lock = await start()
    const first = await createPod(shell, 'first')
    const web = await createPod(shell, 'web')
    await knowsPods(t, lock, 2)
    t.equal((await ask(t, lock, `/?uid=${first}&duration=8`)).status, 200)
    const held = await askHeld(t, lock, `/?uid=${web}`)
    t.match(await shows(shell, 'web', 'StartupLockWaiting'), /Normal +StartupLockWaiting +Pod\/web +place 1 after \d+ s, permits-taken: next \(holder shop\/first, \d+ s\)/)
    t.match(
      await shows(shell, 'first', 'StartupLockExpired'),
      /Warning +StartupLockExpired +Pod\/first +taken back after \d+ s: its time was over, and the pod is not ready \(web: not started\)/,
    )
    t.equal((await held.answer()).status, 200)
    t.match(await shows(shell, 'web', 'StartupLockGranted'), /Normal +StartupLockGranted +Pod\/web +granted after \d+ s: a permit was free/)
    await setStatus(shell, 'web', statusOf('Running', waitStatus('containerd://web-1', finished()), [appStatus('web', running, true)], undefined, true))
    t.match(await shows(shell, 'web', 'StartupLockReleased'), /Normal +StartupLockReleased +Pod\/web +released after \d+ s: ready; it had waited for \d+ s/)
    const described = await read(`kubectl describe pod web --namespace ${namespace}`)
    t.match(described, /^Events:$/m)
    t.match(described, /^ +Normal +StartupLockReleased +\S+ +usher-lock +released after/m)
    t.match(await read(`kubectl get events --namespace ${namespace} --output wide`), /pod\/web +usher-lock, n1 +granted after \d+ s/)
    t.notMatch(await read(`kubectl get events --namespace ${namespace} --output jsonpath={.items[*].message}`), /[0-9a-f]{8}-[0-9a-f]{4}-/, 'no uid')
    lock.kill('SIGTERM')
    t.equal((await lock.ended).code, 0)
  })

  await t.test('a start without the lock is one warning, however often the lock is started', async (t) => {
    await createPod(shell, 'late')
    const words = 'no lock has answered at 192.0.2.1:8888 for 15 s (connection refused): the pod starts without the startup lock'
    const { terminated } = finished(words)
    const wait = waitStatus('containerd://late-1', { terminated: { ...(terminated as JsonObject), finishedAt: wholeSecond() } })
    await setStatus(shell, 'late', statusOf('Running', wait, [appStatus('web', running)]))
    for (let times = 0; times < 2; times++) {
      const lock = await start()
      await until('it is told', async () => (await metric(t, lock, 'usher_lock_pod_events_total{reason="StartedWithoutLock",outcome="sent"}')) === 1)
      t.equal(await metric(t, lock, 'usher_lock_started_without_lock_total'), 1)
      lock.kill('SIGTERM')
      await lock.ended
    }
    const shown = await shows(shell, 'late', 'StartedWithoutLock')
    t.match(shown, /Warning +StartedWithoutLock +Pod\/late +no lock has answered at 192\.0\.2\.1:8888 .*: the pod starts without the startup lock$/m)
    t.equal(shown.match(/StartedWithoutLock/g)?.length, 1)
  })

  await t.test('an Event that happens again is the same object; what the API server answers is understood', async (t) => {
    const uid = await createPod(shell, 'again')
    const sink = podEventsOf(fromKubeconfig(ours), 'usher-lock', 'n1')
    const { signal } = new AbortController()
    const event: PodEvent = {
      pod: { uid, namespace, name: 'again' },
      type: 'Normal',
      reason: 'StartupLockWaiting',
      occasion: '1',
      message: 'place 7',
      count: 1,
      firstAgoMs: 90_000,
      lastAgoMs: 90_000,
    }
    t.strictSame(await sink.update(event, signal), { kind: 'missing' })
    t.strictSame(await sink.create(event, signal), { kind: 'taken' })
    t.strictSame(await sink.create(event, signal), { kind: 'exists' })
    t.strictSame(await sink.update({ ...event, message: 'place 3', count: 3, lastAgoMs: 0 }, signal), { kind: 'taken' })
    const shown = await shows(shell, 'again', 'StartupLockWaiting')
    t.match(shown, /\(x3 over \S+\) +Normal +StartupLockWaiting +Pod\/again +place 3$/m)
    t.notMatch(shown, /place 7/)
    t.match(await sink.create({ ...event, pod: { ...event.pod, namespace: 'nowhere' } }, signal), { kind: 'refused' })
    await read('kubectl create namespace leaving')
    // Without controllers, it stays in this state.
    await read('kubectl delete namespace leaving --wait=false')
    t.match(await sink.create({ ...event, pod: { ...event.pod, namespace: 'leaving' } }, signal), { kind: 'refused', error: /being terminated/ })
  })

  await t.test('without the right to it, the lock says so once, and serves', async (t) => {
    await read(`kubectl patch clusterrole usher-lock --type json --patch '[{"op":"replace","path":"/rules","value":[{"apiGroups":[""],"resources":["pods"],"verbs":["list","watch"]}]}]'`)
    await until('it holds', async () => (await run('kubectl auth can-i create events --as system:serviceaccount:usher-system:usher-lock')).stdout.trim() === 'no')
    const lock = await start()
    await lock.line('Events may not be made; trying again once in ten minutes')
    const uid = await createPod(shell, 'served')
    t.equal((await ask(t, lock, `/?uid=${uid}`)).status, 200)
    t.equal(await metric(t, lock, 'usher_lock_pod_events_total{reason="StartedWithoutLock",outcome="failed"}'), 1)
  })
})

const running: JsonObject = { running: { startedAt: '2026-11-25T10:00:09Z' } }

/** A kubeconfig for the lock, with no more rights than the chart gives it. */
async function asChart(t: Test, { read }: Shell, kubeconfig: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'usher-pod-events-'))
  t.teardown(() => rmSync(folder, { recursive: true, force: true }))
  chmodSync(folder, 0o700)
  await read('kubectl create namespace usher-system')
  await read(`${template} --show-only templates/service-accounts.yaml --show-only templates/rbac.yaml | kubectl apply -f -`)
  const token = (await read('kubectl create token usher-lock --namespace usher-system --duration 1h')).trim()
  const config = JSON.parse(readFileSync(kubeconfig, 'utf8'))
  const users = config.users.map((user: JsonObject) => ({ ...user, user: { token } }))
  const file = join(folder, 'kubeconfig')
  writeFileSync(file, JSON.stringify({ ...config, users }), { mode: 0o600 })
  return file
}

/** Creates a pod on node n1, as if it were scheduled there; gives its uid. */
async function createPod({ read }: Shell, name: string): Promise<string> {
  const spec = { nodeName: 'n1', initContainers: [{ name: 'usher-lock', image: 'usher-wait' }], containers: [{ ...webContainer }] }
  await read('kubectl create -f -', JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec }))
  return await read(`kubectl get pod ${name} --namespace ${namespace} --output jsonpath={.metadata.uid}`)
}

/** What a kubelet would tell of it. */
async function setStatus({ read }: Shell, name: string, said: JsonObject): Promise<void> {
  // The class of quality is the API server's own.
  const { qosClass: _, ...status } = said
  await read(`kubectl patch pod ${name} --namespace ${namespace} --subresource status --type merge --patch "$(cat)"`, JSON.stringify({ status }))
}

/** What `kubectl events` shows of a pod, once this reason is among it. */
function shows({ read }: Shell, pod: string, reason: string): Promise<string> {
  return until(`kubectl shows ${reason} of ${pod}`, async () => {
    const text = await read(`kubectl events --namespace ${namespace} --for pod/${pod}`)
    return text.includes(reason) && text
  })
}

async function knowsPods(t: Test, lock: LockProcess, count: number): Promise<void> {
  await until(`${count} pods are known`, async () => (await metric(t, lock, 'usher_lock_pods')) === count)
}

async function metric(t: Test, lock: LockProcess, sample: string): Promise<number> {
  return readMetric((await ask(t, lock, '/metrics')).body, sample)
}

/** Now, as Kubernetes has its times. */
function wholeSecond(): string {
  return new Date().toISOString().replace(/\.\d+Z$/, 'Z')
}
