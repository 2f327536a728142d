import t, { type Test } from 'tap'
import { isObject } from '../../src/units/json.ts'
import { until } from '../support/until.ts'
import { nodeImage } from './images/node.ts'
import { startLoad } from './support/load.ts'
import type { LoadReports } from './support/load-client.ts'
import type { Container } from './support/other-webhook.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { apply, kubectl, list, makeNamespace, read, startUsher } from './support/usher.ts'

await startUsher(t)
showLogsOfFailure(t)

const rollouts = 5
const replicas = 4
const clients = 4
const napSeconds = 5

t.test('with usher, no request fails in five rolling updates', async (t) => {
  const namespace = 'rolling-update-with'
  await makeNamespace(t, namespace)
  const url = await serve(namespace)
  const load = startLoad(t, url, clients)
  for (let round = 1; round <= rollouts; round++) {
    t.same(await sleeps(namespace), [napSeconds], 'all of them nap')
    await roll(namespace, round)
  }
  await oldOnesAreGone(namespace)
  const reports = await load.end()
  tell(t, reports)
  t.strictSame(reports.fresh.failures, [], 'on a connection for each request')
  t.strictSame(reports.kept.failures, [], 'on connections that are kept')
  t.ok(reports.fresh.requests > rollouts * replicas && reports.kept.requests > rollouts * replicas, 'requests were made all the time')
})

t.test('without usher, some fail', async (t) => {
  const namespace = 'rolling-update-without'
  await makeNamespace(t, namespace, {})
  const url = await serve(namespace)
  t.same(await sleeps(namespace), [undefined], 'they do not nap')
  for (let round = 1; round <= rollouts; round++) {
    const load = startLoad(t, url, clients)
    await roll(namespace, round)
    await oldOnesAreGone(namespace)
    const reports = await load.end()
    tell(t, reports)
    if (reports.fresh.failures.length + reports.kept.failures.length > 0) return
  }
  t.fail(`no request has failed in ${rollouts} rolling updates, so that the other test proves nothing`)
})

// What a nap cannot help: a kept connection that the server closes as idle after its SIGTERM, at the moment at which a client
// asks on it. Clients ask once more then (support/load-client.ts), with usher and without.

// Answers after a moment. On SIGTERM it takes no more connections, closes those that are idle, and ends with the last answer.
const script = `
  let isEnding = false
  const server = require('node:http').createServer((request, response) => {
    setTimeout(() => response.end('hello'), 20)
    response.on('close', () => isEnding && setImmediate(() => server.closeIdleConnections()))
  })
  process.on('SIGTERM', () => {
    isEnding = true
    server.close(() => process.exit())
  })
  server.listen(8080)
`

/** Runs the server behind a Service, and gives the address of that when all replicas are ready. */
async function serve(namespace: string): Promise<string> {
  const container = {
    name: 'main',
    image: nodeImage,
    imagePullPolicy: 'Never',
    args: ['-e', script],
    // Whoever cannot answer at once on a busy machine is still ready.
    readinessProbe: { httpGet: { path: '/', port: 8080 }, periodSeconds: 1, timeoutSeconds: 10 },
  }
  await apply(
    { apiVersion: 'v1', kind: 'Service', metadata: { name: 'web', namespace }, spec: { selector: { app: 'web' }, ports: [{ port: 80, targetPort: 8080 }] } },
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'web', namespace },
      spec: {
        replicas,
        selector: { matchLabels: { app: 'web' } },
        strategy: { rollingUpdate: { maxUnavailable: 0, maxSurge: 1 } },
        template: {
          metadata: { labels: { app: 'web' }, annotations: { 'usher.dev/nap': `${napSeconds}s`, 'usher.dev/lock-lease': '2s' } },
          spec: { containers: [container] },
        },
      },
    },
  )
  await rolledOut(namespace)
  const { spec } = await read<{ readonly spec: { readonly clusterIP: string } }>('get', 'service', '--namespace', namespace, 'web')
  const url = `http://${spec.clusterIP}/`
  await until('the service answers', () => fetch(url).then((answer) => answer.ok, () => false))
  return url
}

/** Replaces all replicas by new ones. */
async function roll(namespace: string, round: number): Promise<void> {
  const patch = { spec: { template: { metadata: { labels: { round: String(round) } } } } }
  await kubectl(['patch', '--namespace', namespace, 'deployment/web', '--patch', JSON.stringify(patch)])
  await rolledOut(namespace)
}

async function rolledOut(namespace: string): Promise<void> {
  await kubectl(['rollout', 'status', '--namespace', namespace, 'deployment/web', '--timeout=180s'])
}

/** Waits until the last of the replicas that were replaced have ended. */
async function oldOnesAreGone(namespace: string): Promise<void> {
  await until('only the new replicas are left', async () => (await list('get', 'pods', '--namespace', namespace)).length === replicas)
}

/** For how long the pods that are there sleep before their stop, each value once. */
async function sleeps(namespace: string): Promise<readonly unknown[]> {
  const pods = await list<{ readonly spec: { readonly containers: readonly Container[] } }>('get', 'pods', '--namespace', namespace)
  const hooks = pods.flatMap(({ spec }) => spec.containers.map(({ lifecycle }) => lifecycle?.preStop))
  return [...new Set(hooks.map((hook) => (isObject(hook?.['sleep']) ? hook['sleep']['seconds'] : undefined)))]
}

function tell(t: Test, { fresh, kept }: LoadReports): void {
  for (const [kind, { requests, failures, repeated }] of Object.entries({ fresh, kept })) {
    t.comment(`${kind} connections: ${requests} requests, ${failures.length} failed, ${repeated} sent once more`)
    for (const failure of failures.slice(0, 10)) t.comment(failure)
  }
}
