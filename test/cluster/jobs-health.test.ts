import t from 'tap'
import { until } from '../support/until.ts'
import { addressesOf, ask, container, execOf, type Inside, type InstancePod, instancesOf, isHealthy, jobFile, quick, runInside, server } from './support/jobs.ts'
import { follow } from './support/follow.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { apply, list, makeNamespace, read, startUsher, tryKubectl } from './support/usher.ts'
import { usher } from './support/usher-cli.ts'

await startUsher(t, { nodes: 2 })
showLogsOfFailure(t)

// What comes up on a busy machine takes its time.
const patienceMs = 180_000
const short = { 'usher.dev/lock-lease': '10s', 'usher.dev/nap': '1s' }

t.test('what answers 204 or 302 is unhealthy: it leaves DNS, is restarted, and comes back', async (t) => {
  const namespace = 'jobs-health'
  await makeNamespace(t, namespace, undefined, short)
  t.equal((await usher(['job', 'run', '-n', namespace, '-f', '-'], jobFile('checked', 2))).code, 0)
  for (const status of [204, 302]) {
    const [victim] = await instancesOf(namespace, 'checked')
    if (victim === undefined) throw new Error('no instance')
    const restarts = victim.status.containerStatuses?.[0]?.restartCount ?? 0
    await ask(namespace, victim.metadata.name, `/set/${status}`)
    await until(`${status}: it has left DNS`, async () => !(await addressesOf(namespace, 'checked')).includes(victim.status.podIP ?? ''), patienceMs)
    await until(`${status}: it comes back, restarted`, async () => {
      const now = (await instancesOf(namespace, 'checked')).find(({ metadata }) => metadata.uid === victim.metadata.uid)
      return (now?.status.containerStatuses?.[0]?.restartCount ?? 0) > restarts && (await addressesOf(namespace, 'checked')).includes(now?.status.podIP ?? '')
    }, patienceMs)
    t.pass(`${status} is not 200`)
  }
})

t.test('the name of its instances has the addresses of the healthy ones, as a pod asks for it', async (t) => {
  const namespace = 'jobs-names'
  await makeNamespace(t, namespace, undefined, short)
  // Sick while a file says so, which outlives the container.
  const sick = "require('node:http').createServer((_request, response) => response.writeHead(require('node:fs').existsSync('/kept/sick') ? 500 : 200).end()).listen(8080); process.on('SIGTERM', () => process.exit())"
  const run = await usher(['job', 'run', '-n', namespace, '-f', '-'], jobFile('named', 2, { app: container({ command: ['-e', sick], volumes: [{ type: 'local', path: '/kept', space: '1M' }] }) }))
  t.equal(run.code, 0, run.stdout + run.stderr)
  const [victim, asker] = await instancesOf(namespace, 'named')
  if (victim === undefined || asker === undefined) throw new Error('no two instances')
  const address = victim.status.podIP ?? ''
  const resolved = async (): Promise<readonly string[]> => {
    const script = `require('node:dns').promises.resolve4('named-pods.${namespace}.svc.cluster.local').then((found) => console.log(found.join(' ')))`
    return (await runInside(placeOf(asker), script)).trim().split(' ')
  }
  await until('both have the name', async () => (await resolved()).length === 2, patienceMs)
  await runInside(placeOf(victim), "require('node:fs').writeFileSync('/kept/sick', '')")
  await until('it has left the name, and the other one has not', async () => (await resolved()).join(' ') === asker.status.podIP, patienceMs)
  await until('it is well again', async () => (await tryKubectl(execOf(placeOf(victim), "require('node:fs').rmSync('/kept/sick', { force: true })"))).code === 0, patienceMs)
  await until('it has the name again', async () => (await resolved()).includes(address), patienceMs)
})

t.test('what is unhealthy is restarted by its policy: never is never', async (t) => {
  const namespace = 'jobs-policy'
  await makeNamespace(t, namespace, undefined, short)
  const once = container({ restart: 'never', command: ['-e', server.replace('8080', '8081')], ports: [], healthcheck: { type: 'http', port: 8081, path: '/health', ...quick } })
  const run = await usher(['job', 'run', '-n', namespace, '-f', '-'], jobFile('mixed', 1, { app: container(), once }))
  t.equal(run.code, 0, run.stdout + run.stderr)
  const [{ metadata } = { metadata: { name: '' } }] = await instancesOf(namespace, 'mixed')
  await ask(namespace, metadata.name, '/set/500', 8081)
  const ended = await until('it has ended', async () => statusOf(await read('get', 'pod', '--namespace', namespace, metadata.name), 'once')?.state.terminated, patienceMs)
  t.ok(ended)
  await until('the instance has left DNS, as one of it has ended', async () => (await addressesOf(namespace, 'mixed')).length === 0, patienceMs)
  t.match(statusOf(await read('get', 'pod', '--namespace', namespace, metadata.name), 'once'), { restartCount: 0 })
  t.match(statusOf(await read('get', 'pod', '--namespace', namespace, metadata.name), 'app'), { restartCount: 0, state: { running: {} } }, 'and the other one runs on')
})

t.test('the other checks: 2xx-3xx, tcp and a command; and a password of a Secret', async (t) => {
  const namespace = 'jobs-checks'
  await makeNamespace(t, namespace, undefined, short)
  await apply({ apiVersion: 'v1', kind: 'Secret', metadata: { name: 'shop', namespace }, stringData: { password: 'of the Secret' } })
  const closing = "const server = require('node:net').createServer().listen(8081); process.on('SIGUSR2', () => server.close()); setInterval(() => {}, 60_000); process.on('SIGTERM', () => process.exit())"
  const file = jobFile('checks', 1, {
    app: container({ healthcheck: { type: 'http', port: 8080, path: '/health', expect: '2xx-3xx', ...quick }, environment: [{ name: 'PASSWORD', secret: 'shop', key: 'password' }] }),
    tcp: container({ command: ['-e', closing], ports: [], healthcheck: { type: 'tcp', port: 8081, ...quick } }),
    command: container({ command: ['-e', "setInterval(() => {}, 60_000); process.on('SIGTERM', () => process.exit())"], ports: [], healthcheck: { type: 'command', command: ['/usr/local/bin/node', '-e', "process.exit(require('node:fs').existsSync('/tmp/sick') ? 1 : 0)"], ...quick, interval: 2 } }),
  })
  const run = await usher(['job', 'run', '-n', namespace, '-f', '-'], file)
  t.equal(run.code, 0, run.stdout + run.stderr)
  const [pod] = await instancesOf(namespace, 'checks')
  if (pod === undefined) throw new Error('no instance')
  const restarts = async (name: string): Promise<number> => statusOf(await read('get', 'pod', '--namespace', namespace, pod.metadata.name), name)?.restartCount ?? 0
  t.equal((await runInside(placeOf(pod), 'console.log(process.env.PASSWORD)')).trim(), 'of the Secret')

  await ask(namespace, pod.metadata.name, '/set/302')
  await runInside(placeOf(pod, 'tcp'), "process.kill(1, 'SIGUSR2')")
  await until('what does not listen any more is restarted', async () => (await restarts('tcp')) > 0, patienceMs)
  await runInside(placeOf(pod, 'command'), "require('node:fs').mkdirSync('/tmp', { recursive: true }); require('node:fs').writeFileSync('/tmp/sick', '')")
  await until('whose command fails is restarted', async () => (await restarts('command')) > 0, patienceMs)
  await until('all is healthy', async () => (await instancesOf(namespace, 'checks')).every(isHealthy), patienceMs)
  t.equal(await restarts('app'), 0, '302 is healthy')
  await ask(namespace, pod.metadata.name, '/set/404')
  await until('404 is not', async () => (await restarts('app')) > 0, patienceMs)
})

t.test('who depends on another ends before it', async (t) => {
  const namespace = 'jobs-order'
  await makeNamespace(t, namespace, undefined, short)
  const telling = (name: string): string => `${server.replace(/process\.on\([^\n]*/, '')}; process.on('SIGTERM', () => { console.log('${name} is told'); setTimeout(() => { console.log('${name} is gone'); process.exit() }, 2_000) })`
  const file = jobFile('ordered', 1, {
    app: container({ command: ['-e', telling('app')], depends_on: ['db'], stop_grace_period: 10 }),
    db: container({ command: ['-e', telling('db').replaceAll('8080', '8081')], ports: [], healthcheck: { type: 'http', port: 8081, path: '/health', ...quick }, stop_grace_period: 10 }),
  })
  const run = await usher(['job', 'run', '-n', namespace, '-f', '-'], file)
  t.equal(run.code, 0, run.stdout + run.stderr)
  const [pod] = await instancesOf(namespace, 'ordered')
  const logs = ['app', 'db'].map((name) => follow(t, 'logs', '--follow', '--timestamps', '--namespace', namespace, pod?.metadata.name ?? '', '--container', name))
  t.equal((await usher(['job', 'stop', 'ordered', '-n', namespace, '--yes'])).code, 0)
  const lines = await until('both are gone', () => {
    const found = logs.flat().map(({ text }) => text).toSorted()
    return found.length === 4 ? found.map((text) => text.slice(text.indexOf(' ') + 1)) : undefined
  }, patienceMs)
  t.strictSame(lines, ['app is told', 'app is gone', 'db is told', 'db is gone'])
})

t.test('what takes more memory than it may is killed and started again; what overflows a local volume is evicted, and comes back empty', async (t) => {
  const namespace = 'jobs-limits'
  await makeNamespace(t, namespace, undefined, short)
  const greedy = server.replace("if (request.url.startsWith('/set/'))", "if (request.url === '/eat') for (const kept = []; ;) kept.push(Buffer.alloc(2 ** 24, 1))\n    if (request.url === '/fill') require('node:fs').writeFileSync('/scratch/much', Buffer.alloc(2 ** 25, 1))\n    if (request.url.startsWith('/set/'))")
  const run = await usher(['job', 'run', '-n', namespace, '-f', '-'], jobFile('limited', 1, { app: container({ command: ['-e', greedy], volumes: [{ type: 'local', path: '/scratch', space: '16M' }] }) }))
  t.equal(run.code, 0, run.stdout + run.stderr)
  const [first] = await instancesOf(namespace, 'limited')
  await ask(namespace, first?.metadata.name ?? '', '/eat').catch(() => {})
  const killed = await until('it was killed', async () => statusOf(await read('get', 'pod', '--namespace', namespace, first?.metadata.name ?? ''), 'app')?.lastState?.terminated, patienceMs)
  t.match(killed, { reason: 'OOMKilled' })
  await until('it is healthy again', async () => (await instancesOf(namespace, 'limited')).some(isHealthy), patienceMs)
  await ask(namespace, first?.metadata.name ?? '', '/fill')
  await until('it was evicted', async () => (await list('get', 'events', '--namespace', namespace)).some(({ reason }) => reason === 'Evicted'), patienceMs)
  const next = await until('another one is in its place', async () => (await instancesOf(namespace, 'limited')).find((each) => each.metadata.uid !== first?.metadata.uid && isHealthy(each)), patienceMs)
  const found = await runInside(placeOf(next), "console.log(require('node:fs').readdirSync('/scratch').length)")
  t.equal(found.trim(), '0')
})

interface ContainerStatus {
  readonly name: string
  readonly restartCount: number
  readonly state: { readonly running?: object; readonly terminated?: object }
  readonly lastState?: { readonly terminated?: object }
}

function statusOf(pod: { readonly status: { readonly containerStatuses?: readonly ContainerStatus[] } }, container: string): ContainerStatus | undefined {
  return pod.status.containerStatuses?.find(({ name }) => name === container)
}

function placeOf({ metadata: { namespace, name } }: InstancePod, of = 'app'): Inside {
  return { namespace, pod: name, container: of }
}
