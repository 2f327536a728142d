import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { until } from '../support/until.ts'
import { isRunning } from './processes.ts'
import { controlPart, restartApiServer } from './support/api-server.ts'
import { lockIsInjected } from './support/breaker.ts'
import { delaysIn } from './support/delays.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { burning, deployment, isUp, podsOf } from './support/starters.ts'
import { apply, helm, kubectl, lockState, makeNamespace, setValues, startUsher, systemNamespace, tryKubectl } from './support/usher.ts'
import { anotherGetsTheLock, hasLock, naps, startPods } from './support/workloads.ts'

await startUsher(t)
showLogsOfFailure(t)

const short = { 'usher.dev/lock-lease': '1s', 'usher.dev/nap': '1s' }
const starters = 6
const hourMs = 3_600_000

t.test('the API server is restarted while pods start: those that are there go on, and new ones are injected', async (t) => {
  await makeNamespace(t, 'restarted', undefined, { 'usher.dev/lock-lease': '8s' })
  await lockIsInjected('restarted')
  await apply(deployment({ namespace: 'restarted', name: 'slow', replicas: starters, script: burning(300) }))
  await until('somebody has the lock', async () => (await lockState()).holders.length > 0, 60_000)
  const began = performance.now()
  await restartApiServer()
  t.comment(`ready again after ${((performance.now() - began) / 1_000).toFixed(1)} s`)
  await isUp('restarted', 'slow')
  t.ok((await podsOf('restarted')).every(({ spec }) => spec.initContainers?.[0]?.['name'] === 'usher-lock'))
  await until('the lock hears it again', async () => (await lockState().catch(() => undefined))?.pods.state === 'connected', 120_000)
  await comesBack(t, 'restarted')
})

t.test('the store of the API server is slow: pods start, later by what it takes', async (t) => {
  await makeNamespace(t, 'slow', undefined, short)
  await lockIsInjected('slow')
  await startPods('slow', { before: {} })
  const etcd = controlPart('etcd')
  const stopping = new AbortController()
  const slowed = slowDown(() => isRunning(etcd) && process.kill(etcd.pid, 'SIGSTOP'), () => isRunning(etcd) && process.kill(etcd.pid, 'SIGCONT'), stopping.signal)
  try {
    const { pods } = await delaysIn(t, 'slow')
    t.ok(pods.every(naps), 'all are injected')
  } finally {
    stopping.abort()
    await slowed
  }
  await comesBack(t, 'slow')
})

for (const [what, skewMs] of [['ahead', hourMs], ['behind', -hourMs]] as const) {
  t.test(`the clocks of webhook and lock are an hour ${what}: pods are injected and have their turns, with a certificate of that time, too`, async (t) => {
    const namespace = `clock-${what}`
    await makeNamespace(t, namespace, undefined, short)
    t.teardown(() => setValues([]))
    await setClocks(skewMs)
    await kubectl(['delete', 'secret', 'usher-webhook-tls', '--namespace', systemNamespace])
    await lockIsInjected(namespace)
    const { pods } = await delaysIn(t, namespace)
    t.ok(pods.every((pod) => naps(pod) && hasLock(pod)))
    await comesBack(t, namespace)
    const line = (await kubectl(['logs', '--namespace', systemNamespace, 'daemonset/usher-lock', '--container=lock', '--tail=1'])).trim()
    const { time } = JSON.parse(line) as { readonly time: string }
    t.ok(Math.abs(Date.parse(time) - Date.now() - skewMs) < hourMs / 2, `its clock is set: ${time}`)
    await setClocks(0)
    await lockIsInjected(namespace)
    await comesBack(t, namespace)
  })
}

t.test('usher is uninstalled while pods are created: none is lost, none is stuck, running ones stay', async (t) => {
  await makeNamespace(t, 'uninstalled', undefined, short)
  await lockIsInjected('uninstalled')
  const { kept } = await startPods('uninstalled', { kept: {} })
  await apply(deployment({ namespace: 'uninstalled', name: 'slow', replicas: starters, script: burning(300), annotations: { 'usher.dev/lock-lease': '30s' } }))
  await until('somebody waits', async () => (await lockState()).waiters.length > 0, 60_000)
  const created = createMany('uninstalled')
  await helm('uninstall', 'usher', '--namespace', systemNamespace, '--wait', '--timeout', '180s')
  const names = await created
  const began = performance.now()
  await kubectl(['wait', '--for=condition=Ready', '--namespace', 'uninstalled', 'pods', '--all', '--timeout=240s'])
  t.comment(`all ready ${((performance.now() - began) / 1_000).toFixed(1)} s after the end of the uninstallation`)
  const pods = await podsOf('uninstalled')
  t.equal(pods.length, names.length + starters + 1)
  const same = pods.find(({ metadata }) => metadata.name === 'kept')
  t.match(same?.status, { containerStatuses: [{ restartCount: 0 }] })
  t.ok(naps(kept))
  t.ok(pods.some(({ spec }) => spec.initContainers === undefined), 'some were created without')
  t.match(await kubectl(['get', 'mutatingwebhookconfigurations', '-o', 'name']), /^(?!.*usher)/s)
})

/** Stops something again and again, so that it runs for a tenth of the time, until the end. */
async function slowDown(stop: () => unknown, go: () => unknown, signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    stop()
    // oxlint-disable-next-line no-await-in-loop
    await pause(450)
    go()
    // oxlint-disable-next-line no-await-in-loop
    await pause(50)
  }
}

/** Lets webhook and lock run with a clock that is set wrong by so many milliseconds. Their other clocks go on as they are. */
async function setClocks(skewMs: number): Promise<void> {
  const module = `
    const RealDate = Date
    globalThis.Date = class extends RealDate {
      constructor(...parts) { super(...(parts.length === 0 ? [RealDate.now() + ${skewMs}] : parts)) }
      static now() { return RealDate.now() + ${skewMs} }
    }
  `
  await apply({ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'clock', namespace: systemNamespace }, data: { 'clock.mjs': module } })
  for (const [workload, container] of [['deployment/usher-webhook', 'webhook'], ['daemonset/usher-lock', 'lock']] as const) {
    const patch = {
      // Another clock is another template.
      metadata: { annotations: { skew: String(skewMs) } },
      spec: {
        containers: [{ name: container, env: [{ name: 'NODE_OPTIONS', value: '--import=/clock/clock.mjs' }], volumeMounts: [{ name: 'clock', mountPath: '/clock' }] }],
        volumes: [{ name: 'clock', configMap: { name: 'clock' } }],
      },
    }
    await kubectl(['patch', workload, '--namespace', systemNamespace, '--patch', JSON.stringify({ spec: { template: patch } })])
    await kubectl(['rollout', 'status', workload, '--namespace', systemNamespace, '--timeout=180s'])
  }
}

/** Creates pods, one after the other, for as long as an uninstallation takes; none may be refused. */
async function createMany(namespace: string): Promise<readonly string[]> {
  const names: string[] = []
  for (let count = 0; count < 20; count++) {
    const name = `made-${count}`
    // oxlint-disable-next-line no-await-in-loop
    await kubectl(['create', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'Pod', metadata: { name, namespace }, spec: podSpec }))
    names.push(name)
    // oxlint-disable-next-line no-await-in-loop
    await pause(300)
  }
  return names
}

const { spec: podSpec } = (deployment({ namespace: '', name: 'made', replicas: 1, script: burning(50) }) as { readonly spec: { readonly template: { readonly spec: object } } }).spec.template

async function comesBack(t: Test, namespace: string): Promise<void> {
  await anotherGetsTheLock(t, namespace)
  t.equal((await tryKubectl(['get', 'pods', '--namespace', systemNamespace])).code, 0)
}
