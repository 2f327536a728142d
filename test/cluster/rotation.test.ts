import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { certificatesIn } from '../../src/certs/bundle.ts'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { objectAt } from '../support/pod-reader.ts'
import { until } from '../support/until.ts'
import { restartApiServer } from './support/api-server.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { kubectl, makeNamespace, read, startUsher, systemNamespace, tryKubectl } from './support/usher.ts'

// Renewed after two minutes.
await startUsher(t, { values: ['webhook.certificates.life=180s'] })
showLogsOfFailure(t)

const secret = ['secret', 'usher-webhook-tls', '--namespace', systemNamespace]

t.test('certificates and CAs are replaced again and again, all replicas once, and the API server is restarted, under a stream of pods: every one is injected', async (t) => {
  await makeNamespace(t, 'rotated')
  const pods = streamOfPods(t, 'rotated')
  await until('the first one is injected', () => pods.made().at(-1), 120_000)
  const from = pods.made().length
  const served = [await certOfSecret()]
  const another = async (): Promise<void> => {
    await until('another certificate is shared', async () => {
      const cert = await certOfSecret()
      // Where the Secret is deleted, replicas put back what they serve, which may be one of before.
      return cert !== '' && !served.includes(cert) ? served.push(cert) : undefined
    }, 400_000)
  }
  await another()
  await kubectl(['rollout', 'restart', '--namespace', systemNamespace, 'deployment/usher-webhook'])
  await kubectl(['rollout', 'status', '--namespace', systemNamespace, 'deployment/usher-webhook', '--timeout=120s'])
  await another()
  await kubectl(['delete', ...secret])
  await another()
  // The API server ends while a new certificate is being shared.
  await kubectl(['delete', ...secret])
  await restartApiServer()
  await another()
  // So long until the replicas serve it, too.
  await pause(40_000)
  const made = pods.made().slice(from)
  t.ok(made.length > 200, `${made.length} pods`)
  t.equal(made.filter((isInjected) => !isInjected).length, 0, 'not one is without')
  t.equal(served.length, 5)
})

t.test('what is emptied or garbage is mended within a minute', async (t) => {
  const before = await certOfSecret()
  await kubectl(['patch', ...secret, '--patch', JSON.stringify({ data: { 'tls.crt': base64('x'), 'ca.crt': base64('y') } })])
  await until('the Secret is mended', async () => (await certOfSecret()) === before, 60_000)
  const patch = [0, 1, 2].map((index) => ({ op: 'remove', path: `/webhooks/${index}/clientConfig/caBundle` }))
  await kubectl(['patch', 'mutatingwebhookconfiguration', 'usher', '--type', 'json', '--patch', JSON.stringify(patch)])
  await until('the configuration is mended', async () => (await bundles()).every((bundle) => certificatesIn(bundle).length > 0), 60_000)
  t.equal((await kubectl(['get', '--namespace', systemNamespace, 'deployment', 'usher-webhook', '-o', 'jsonpath={.status.readyReplicas}'])).trim(), '2')
})

/** Tries to create pods, some a second, until the test ends; whether each was injected. */
function streamOfPods(t: Test, namespace: string) {
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: 'tried', namespace }, spec: { containers: [{ name: 'main', image: 'none' }] } }
  const made: boolean[] = []
  const stopping = new AbortController()
  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      // oxlint-disable-next-line no-await-in-loop
      const { code, stdout } = await tryKubectl(['create', '--dry-run=server', '-o', 'json', '-f', '-'], JSON.stringify(pod))
      if (code === 0) made.push('usher.dev/status' in objectAt(objectAt(JSON.parse(stdout) as JsonObject, 'metadata'), 'annotations'))
      // oxlint-disable-next-line no-await-in-loop
      await pause(200)
    }
  }
  const ended = run()
  t.teardown(async () => {
    stopping.abort()
    await ended
  })
  return { made: (): readonly boolean[] => made }
}

async function certOfSecret(): Promise<string> {
  const { code, stdout } = await tryKubectl(['get', ...secret, '-o', 'json'])
  const data = code === 0 ? objectAt(JSON.parse(stdout) as JsonObject, 'data') : {}
  return typeof data['tls.crt'] === 'string' ? data['tls.crt'] : ''
}

async function bundles(): Promise<readonly string[]> {
  const { webhooks } = await read('get', 'mutatingwebhookconfiguration', 'usher')
  const clients = (Array.isArray(webhooks) ? webhooks : []).filter(isObject).map((webhook) => objectAt(webhook, 'clientConfig'))
  return clients.map(({ caBundle }) => (typeof caBundle === 'string' ? Buffer.from(caBundle, 'base64').toString() : ''))
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}
