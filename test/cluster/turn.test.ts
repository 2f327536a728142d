import t from 'tap'
import type { StartState } from '../../src/lock/state-view.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { until } from '../support/until.ts'
import { nodeImage } from './images/node.ts'
import { mustCluster } from './support/command.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { apply, kubectl, list, lockState, makeNamespace, setValues, startUsher } from './support/usher.ts'

await startUsher(t)
showLogsOfFailure(t)

// Whatever else goes on on this machine.
const idleWithinMs = 120_000
// Until the lock watches its pods, a turn ends by its time, or by being given back.
const leaseSeconds = 3

t.test('strictly with one permit, eight slow starters start one after the other; turns end by time', async (t) => {
  await setValues(['lock.strict=true', 'lock.locks=1'])
  await makeNamespace(t, 'turn-strict')
  await apply(deployment('turn-strict', 'slow', 8, { 'usher.dev/lock-lease': `${leaseSeconds}s` }))
  await ready('turn-strict', 'slow')
  const starts = await startsOf('turn-strict', 8)
  t.same(new Set(starts.map(({ grant }) => grant)), new Set(['floor']))
  for (const [index, { grantedAt }] of starts.entries()) {
    const before = starts[index - 1]
    if (before === undefined) continue
    t.ok(Date.parse(grantedAt) >= Date.parse(before.endedAt ?? ''), `${before.pod} has ended its turn before ${starts[index]?.pod}`)
    t.ok(Date.parse(grantedAt) - Date.parse(before.grantedAt) >= leaseSeconds * 1_000 - 100, 'a turn has its time')
  }
  t.equal(await restarts('turn-strict'), 0)
})

t.test('by default they start as fast as the cores allow, and never faster; turns end by time', async (t) => {
  await setValues([])
  await makeNamespace(t, 'turn-default')
  await apply(deployment('turn-default', 'slow', 8, { 'usher.dev/lock-lease': `${leaseSeconds}s` }))
  await ready('turn-default', 'slow')
  const starts = await startsOf('turn-default', 8)
  const floor = starts.filter(({ grant }) => grant === 'floor')
  for (const [index, { grantedAt }] of floor.entries()) {
    t.ok(Date.parse(grantedAt) >= Date.parse(floor[index - 1]?.endedAt ?? grantedAt), 'within the floor one after the other')
  }
  for (const { grant, grantedAt } of starts) {
    if (grant !== 'idle-core') continue
    const earlier = starts.map((each) => Date.parse(each.grantedAt)).filter((time) => time < Date.parse(grantedAt))
    t.ok(Date.parse(grantedAt) - Math.max(...earlier) >= 950, 'for an idle core one a second')
  }
  t.comment(`granted: ${starts.map(({ grant }) => grant).join(', ')}`)
})

t.test('without the label they start together', async (t) => {
  await makeNamespace(t, 'turn-none', {})
  await apply(deployment('turn-none', 'slow', 8))
  await ready('turn-none', 'slow')
  const pods = await list<Pod>('get', 'pods', '--namespace', 'turn-none')
  t.same(pods.flatMap(({ spec }) => spec.initContainers ?? []), [])
  t.equal((await lockState()).starts.filter(({ pod }) => pod?.startsWith('turn-none/') === true).length, 0)
})

t.test('after a reboot of their node, eight pods start in turn again; turns end by time', async (t) => {
  await setValues(['lock.strict=true', 'lock.locks=1'])
  await makeNamespace(t, 'turn-reboot')
  await apply(deployment('turn-reboot', 'slow', 8, { 'usher.dev/lock-lease': `${leaseSeconds}s` }))
  await ready('turn-reboot', 'slow')
  const before = await containers('turn-reboot')
  await mustCluster('reboot-node')
  await until('the lock runs again', async () => (await lockState().catch(() => undefined)) !== undefined)
  await kubectl(['wait', '--for=condition=Ready', '--namespace', 'usher-system', 'pods', '--all', '--timeout=120s'])
  const starts = await startsOf('turn-reboot', 8)
  for (const [index, { grantedAt }] of starts.entries()) {
    t.ok(Date.parse(grantedAt) >= Date.parse(starts[index - 1]?.endedAt ?? grantedAt), 'one after the other')
  }
  await kubectl(['wait', '--for=condition=Ready', '--namespace', 'turn-reboot', 'pods', '--all', '--timeout=120s'])
  const after = await containers('turn-reboot')
  t.equal(after.length, 8)
  t.same(after.filter((id) => before.includes(id)), [], 'all their containers are new')
})

// The last one: its lease of a minute outlasts its pod.
t.test('on an idle node a scale-up is not delayed, though somebody holds the lock for long', async (t) => {
  await setValues([])
  await makeNamespace(t, 'turn-scale')
  await apply(deployment('turn-scale', 'web', 1, { 'usher.dev/lock-lease': '60s' }))
  await ready('turn-scale', 'web')
  await until('the node is idle', async () => ((await lockState()).load?.idleCores ?? 0) > 1.2, idleWithinMs)
  await kubectl(['scale', '--namespace', 'turn-scale', 'deployment/web', '--replicas=2'])
  await ready('turn-scale', 'web')
  const [, second] = await startsOf('turn-scale', 2)
  t.equal(second?.grant, 'idle-core')
  t.comment(`it waited ${second === undefined ? '?' : Date.parse(second.grantedAt) - Date.parse(second.arrivedAt)} ms`)
})

interface Pod {
  readonly metadata: { readonly name: string }
  readonly spec: { readonly initContainers?: readonly JsonObject[] }
  readonly status: { readonly containerStatuses?: readonly { readonly containerID?: string; readonly ready: boolean; readonly restartCount: number }[] }
}

// Burns a second of CPU, as a start does, and is ready then.
const slow = `
  const { user } = process.cpuUsage()
  while (process.cpuUsage().user - user < 1e6) Math.random()
  process.on('SIGTERM', () => process.exit())
  require('node:http').createServer((request, response) => response.end()).listen(8080)
`

function deployment(namespace: string, name: string, replicas: number, annotations: object = {}): object {
  const container = {
    name: 'main',
    image: nodeImage,
    imagePullPolicy: 'Never',
    args: ['-e', slow],
    readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1 },
  }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace },
    spec: {
      replicas,
      selector: { matchLabels: { app: name } },
      template: {
        metadata: { labels: { app: name }, annotations: { 'usher.dev/nap': 'disabled', ...annotations } },
        spec: { terminationGracePeriodSeconds: 1, containers: [container] },
      },
    },
  }
}

async function ready(namespace: string, name: string): Promise<void> {
  await kubectl(['rollout', 'status', '--namespace', namespace, `deployment/${name}`, '--timeout=180s'])
}

/** The ended or granted starts of a namespace's pods, as the node's lock tells them, in their order. */
async function startsOf(namespace: string, count: number): Promise<readonly StartState[]> {
  const found = async (): Promise<readonly StartState[] | undefined> => {
    const state = await lockState().catch(() => undefined)
    const starts = state?.starts.filter(({ pod }) => pod?.startsWith(`${namespace}/`) === true) ?? []
    return starts.length === count ? starts : undefined
  }
  for (let patience = 6; patience > 1; patience--) {
    const starts = await until(`${count} starts in ${namespace}`, found).catch(() => undefined)
    if (starts !== undefined) return starts.toSorted((left, right) => Date.parse(left.grantedAt) - Date.parse(right.grantedAt))
  }
  return until(`${count} starts in ${namespace}`, found)
}

async function restarts(namespace: string): Promise<number> {
  const pods = await list<Pod>('get', 'pods', '--namespace', namespace)
  return pods.flatMap(({ status }) => status.containerStatuses ?? []).reduce((sum, { restartCount }) => sum + restartCount, 0)
}

async function containers(namespace: string): Promise<readonly string[]> {
  const pods = await list<Pod>('get', 'pods', '--namespace', namespace)
  return pods.flatMap(({ status }) => (status.containerStatuses ?? []).flatMap(({ containerID = '', ready }) => (ready ? [containerID] : [])))
}
