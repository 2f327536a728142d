import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { until } from '../support/until.ts'
import { recordedParts } from './processes.ts'
import { mustCluster } from './support/command.ts'
import { killLock, lockProcess } from './support/lock-process.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { burning, deployment, isUp, podsOf, sleeping, startsNow, startsOf } from './support/starters.ts'
import { apply, kubectl, lockState, makeNamespace, setValues, startUsher } from './support/usher.ts'
import { type WatchedStarts, watchStarts } from './support/watch-starts.ts'

await startUsher(t)
showLogsOfFailure(t)
await setValues(['lock.strict=true', 'lock.locks=1'])

// Only tells a busy machine from a hang.
const bootWithinMs = 180_000
const boots = 10
const controls = 3
const starters = 4
// What an accident may cost, and what one boot differs from another on a machine that others use.
const costMs = 5_000
const noiseMs = 5_000

t.test('the lock is killed at ten random moments in ten boots: nobody starts twice, none together, none much later', async (t) => {
  await makeNamespace(t, 'killed')
  await apply(deployment({ namespace: 'killed', name: 'slow', replicas: starters, script: burning(300) }))
  await isUp('killed', 'slow')
  const watched = await watchStarts(t, 'killed')
  const usual: number[] = []
  for (let count = 0; count < controls; count++) usual.push((await boot(t, watched, undefined)).tookMs)
  const slowest = Math.max(...usual)
  for (let count = 0; count < boots; count++) {
    const killAfterMs = Math.round(Math.random() * slowest)
    const { tookMs, downMs } = await boot(t, watched, killAfterMs)
    t.comment(`killed ${killAfterMs} ms after the first arrival, started again after ${downMs} ms: all were up after ${tookMs} ms, without ${usual.join(', ')} ms`)
    // A boot counts for the kubelet as a restart of the lock, so that it waits for ten seconds before the next.
    t.ok(tookMs <= slowest + downMs + costMs + noiseMs, `all are up at most ${costMs} ms later (and ${noiseMs} ms of noise)`)
  }
})

interface Boot {
  /** From the first that asked for the lock until all were up. */
  readonly tookMs: number
  /** For how long there was no process of the lock. */
  readonly downMs: number
}

async function boot(t: Test, watched: WatchedStarts, killAfterMs: number | undefined): Promise<Boot> {
  watched.rebooted()
  await mustCluster('reboot-node')
  const found = await start(t, watched, killAfterMs)
  const pods = await podsOf('killed')
  const words = pods.map(({ status }) => status.initContainerStatuses?.find(({ name }) => name === 'usher-lock')?.state?.terminated?.message ?? '')
  t.same(words.filter((message) => message.includes('without the startup lock')), [], 'none started without the lock')
  return found
}

/** Waits until the starters are up, and kills the lock meanwhile. */
async function start(t: Test, watched: WatchedStarts, killAfterMs: number | undefined): Promise<Boot> {
  const state = () => lockState().catch(() => undefined)
  await until('somebody asks', async () => ((await state())?.holders.length ?? 0) > 0 || watched.steps.length > 0, bootWithinMs)
  const beganAt = Date.now()
  let downMs = 0
  if (killAfterMs !== undefined) {
    await pause(killAfterMs)
    const pid = killLock()
    t.comment(`killed ${pid === undefined ? 'nothing: it was down' : 'it'}, while ${watched.upCount()} of ${starters} were up`)
    const killedAt = Date.now()
    await until('it runs again', () => ![undefined, pid].includes(lockProcess()), bootWithinMs)
    downMs = Date.now() - killedAt
  }
  await until('all are up', () => watched.upCount() === starters, bootWithinMs)
  t.equal(watched.mostAtOnce(), 1, 'one at a time, by what the API server told')
  t.equal(new Set(watched.letIn()).size, watched.letIn().length, 'nobody was let in twice')
  return { tookMs: Date.now() - beganAt, downMs }
}

t.test('the first kill of a lock in ten minutes costs those who wait five seconds at most', async (t) => {
  const took: { readonly usual: number[]; readonly killed: number[] } = { usual: [], killed: [] }
  for (let round = 0; round < controls; round++) {
    took.usual.push(await scaleUp(t, `usual-${round}`, undefined))
    took.killed.push(await scaleUp(t, `killed-${round}`, Math.round((took.usual.at(-1) ?? 0) * Math.random())))
  }
  t.comment(`without ${took.usual.join(', ')} ms, with ${took.killed.join(', ')} ms`)
  t.ok(Math.max(...took.killed) <= Math.max(...took.usual) + costMs + noiseMs, `at most ${costMs} ms (and ${noiseMs} ms of noise)`)
})

/** Starts some pods under a lock whose pod is new, which the kubelet starts again at once. */
async function scaleUp(t: Test, namespace: string, killAfterMs: number | undefined): Promise<number> {
  await kubectl(['delete', 'pod', '--namespace', 'usher-system', '--selector', 'app.kubernetes.io/component=lock'])
  await kubectl(['rollout', 'status', '--namespace', 'usher-system', 'daemonset/usher-lock', '--timeout=120s'])
  await makeNamespace(t, namespace)
  const watched = await watchStarts(t, namespace)
  await apply(deployment({ namespace, name: 'slow', replicas: starters, script: burning(300) }))
  const { tookMs } = await start(t, watched, killAfterMs)
  await kubectl(['delete', 'namespace', namespace])
  return tookMs
}

t.test('the API server hangs for 30 s in a boot: turns end by time, and all start', async (t) => {
  await makeNamespace(t, 'hanging')
  await apply(deployment({ namespace: 'hanging', name: 'slow', replicas: 4, script: burning(300), annotations: { 'usher.dev/lock-lease': '8s' } }))
  await isUp('hanging', 'slow')
  const watched = await watchStarts(t, 'hanging')
  watched.rebooted()
  await mustCluster('reboot-node')
  await until('somebody asks', async () => ((await lockState().catch(() => undefined))?.holders.length ?? 0) > 0, bootWithinMs)
  const server = recordedParts().find(({ name }) => name === 'control/kube-apiserver')
  if (server === undefined) throw new Error('there is no API server')
  process.kill(server.pid, 'SIGSTOP')
  try {
    await pause(30_000)
  } finally {
    process.kill(server.pid, 'SIGCONT')
  }
  await until('all are up', () => watched.upCount() === 4, bootWithinMs)
  const starts = await startsNow('hanging')
  t.comment(`turns: ${starts.map(({ cause, grantedAt, endedAt }) => `${cause} after ${endedAt === undefined ? '?' : Date.parse(endedAt) - Date.parse(grantedAt)} ms`).join(', ')}`)
  t.same(starts.filter(({ cause }) => cause !== 'ready' && cause !== 'lease-end').map(({ cause }) => cause), [])
  await until('the lock hears the API server again', async () => (await lockState().catch(() => undefined))?.pods.state === 'connected', 60_000)
})

t.test('a pod is deleted while it holds the lock, while it waits, and at its grant: the others go on', async (t) => {
  await makeNamespace(t, 'deleted')
  const bare = (name: string, script: string): object => podOf('deleted', name, script)
  await apply(bare('holding', sleeping(3_600_000)))
  await until('it holds the lock', async () => holds('deleted/holding'), bootWithinMs)
  await apply(bare('waiting', burning(100)))
  await until('one waits', async () => waits('deleted/waiting'), bootWithinMs)
  await apply(bare('granted', burning(100)), bare('last', burning(100)))
  await until('all wait', async () => (await waits('deleted/granted')) && waits('deleted/last'), bootWithinMs)

  await remove('waiting')
  await until('its place is gone', async () => !(await waits('deleted/waiting')), 60_000)
  t.ok(await holds('deleted/holding'))
  // The end of the first turn is the grant of the next, and that one is deleted with it.
  await Promise.all([remove('holding'), remove('granted')])
  await allReadyBut('deleted', 'last')
  const starts = await startsOf('deleted', 2)
  t.equal(starts.find(({ pod }) => pod === 'deleted/holding')?.cause, 'gone')
  t.equal(starts.find(({ pod }) => pod === 'deleted/last')?.cause, 'ready')
  t.same((await lockState()).holders.filter(({ pod }) => pod?.startsWith('deleted/') === true), [], 'nobody is left')
})

t.test('a holder that never gets ready, and one that crash-loops, hold the others up for their turn at most', async (t) => {
  await makeNamespace(t, 'never', undefined, { 'usher.dev/lock-lease': '10s' })
  await apply(podOf('never', 'never', sleeping(3_600_000)))
  await until('it holds the lock', async () => holds('never/never'), bootWithinMs)
  await apply(podOf('never', 'next', burning(100)))
  await allReadyBut('never', 'next')
  const starts = await startsOf('never', 2)
  t.equal(starts.find(({ pod }) => pod === 'never/never')?.cause, 'lease-end')

  await makeNamespace(t, 'crashing')
  await apply(podOf('crashing', 'crashing', 'process.exit(1)'))
  await until('it crash-loops', async () => (await lockState()).holders.some(({ pod, containers }) => pod === 'crashing/crashing' && containers?.lacks?.includes('CrashLoopBackOff') === true), bootWithinMs)
  await apply(podOf('crashing', 'next', burning(100)))
  await allReadyBut('crashing', 'next')
  t.equal((await startsOf('crashing', 2)).find(({ pod }) => pod === 'crashing/crashing')?.cause, 'crash-loop', 'somebody waited for it')
})

t.test('a DaemonSet that never gets ready holds nobody up', async (t) => {
  await makeNamespace(t, 'daemons')
  const { spec } = podOf('daemons', 'daemon', sleeping(3_600_000))
  await apply({
    apiVersion: 'apps/v1',
    kind: 'DaemonSet',
    metadata: { name: 'daemon', namespace: 'daemons' },
    spec: { selector: { matchLabels: { app: 'daemon' } }, template: { metadata: { labels: { app: 'daemon' } }, spec } },
  })
  await apply(deployment({ namespace: 'daemons', name: 'web', replicas: 2, script: burning(100) }))
  await isUp('daemons', 'web')
  const daemon = (await podsOf('daemons')).find(({ metadata }) => metadata.name.startsWith('daemon-'))
  t.same(daemon?.spec.initContainers ?? [], [], 'it does not wait for the lock itself')
})

function podOf(namespace: string, name: string, script: string): Readonly<Record<'apiVersion' | 'kind', string>> & { readonly metadata: object; readonly spec: object } {
  const { spec } = deployment({ namespace, name, replicas: 1, script }) as { readonly spec: { readonly template: { readonly metadata: object; readonly spec: object } } }
  return { apiVersion: 'v1', kind: 'Pod', metadata: { ...spec.template.metadata, name, namespace }, spec: spec.template.spec }
}

async function holds(pod: string): Promise<boolean> {
  return (await lockState()).holders.some((holder) => holder.pod === pod)
}

async function waits(pod: string): Promise<boolean> {
  return (await lockState()).waiters.some((waiter) => waiter.pod === pod)
}

async function remove(name: string): Promise<void> {
  await kubectl(['delete', 'pod', '--namespace', 'deleted', name, '--wait=false'])
}

async function allReadyBut(namespace: string, name: string): Promise<void> {
  await kubectl(['wait', '--for=condition=Ready', '--namespace', namespace, `pod/${name}`, '--timeout=120s'])
}
