import { join } from 'node:path'
import t from 'tap'
import { until } from '../support/until.ts'
import { envoyImage, writeEnvoyImage } from './images/envoy.ts'
import { mustCluster } from './support/command.ts'
import { ask, container, instancesOf, isHealthy, jobFile, runInside, server } from './support/jobs.ts'
import { startLoad } from './support/load.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { makeNamespace, read, startUsher } from './support/usher.ts'
import { usher } from './support/usher-cli.ts'

await startUsher(t, { nodes: 2 })
showLogsOfFailure(t)

const patienceMs = 180_000
// Listens no more when it is told so, and what is under way is answered still.
const closing = server.replace('require(', 'const served = require(').replace("if (request.url.startsWith('/set/'))", "if (request.url === '/close') served.close()\n    if (request.url.startsWith('/set/'))")
const image = join(t.testdir({}), 'envoy.tar')
await writeEnvoyImage(image)
await mustCluster('load', image)

t.test('sidecar: envoy: each instance leads to all of them, and one that refuses connections costs no request', async (t) => {
  const namespace = 'jobs-envoy'
  await makeNamespace(t, namespace, undefined, { 'usher.dev/lock-lease': '10s', 'usher.dev/nap': '1s' })
  const run = await usher(['job', 'run', '-n', namespace, '-f', '-', '--envoy-image', envoyImage], jobFile('proxied', 2, { app: container({ command: ['-e', closing] }) }, { sidecar: 'envoy' }))
  t.equal(run.code, 0, run.stdout + run.stderr)
  const instances = await instancesOf(namespace, 'proxied')
  const names = instances.map(({ metadata }) => metadata.name).toSorted()
  const [victim = ''] = names
  const many = "Promise.all(Array.from({ length: 40 }, () => fetch('http://127.0.0.1:10000/').then((answer) => answer.text()))).then((found) => console.log([...new Set(found)].toSorted().join(' ')))"
  for (const name of names) await until(`${name}: its proxy knows all by their name in DNS`, async () => (await runInside({ namespace, pod: name }, many)).trim() === names.join(' '), patienceMs)

  const { spec } = await read<{ readonly spec: { readonly clusterIP: string } }>('get', 'service', '--namespace', namespace, 'proxied')
  await ask(namespace, victim, '/close')
  const load = startLoad(t, `http://${spec.clusterIP}/`, 2)
  await until('it is restarted, and healthy again', async () => {
    const now = (await instancesOf(namespace, 'proxied')).find(({ metadata }) => metadata.name === victim)
    return now !== undefined && isHealthy(now) && now.status.containerStatuses?.some(({ restartCount }) => restartCount > 0)
  }, patienceMs)
  const { fresh, kept } = await load.end()
  t.strictSame([fresh.failures, kept.failures], [[], []])
  t.ok(fresh.requests > 20 && kept.requests > 20, `${fresh.requests} and ${kept.requests} requests`)
  t.equal((await usher(['job', 'stop', 'proxied', '-n', namespace, '--yes'])).code, 0)
})
