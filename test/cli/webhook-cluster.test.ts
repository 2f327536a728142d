import { join } from 'node:path'
import t from 'tap'
import { readFlags, UsageError } from '../../src/cli/command.ts'
import { readWebhookOptions } from '../../src/cli/webhook-options.ts'
import { webhookCommand } from '../../src/cli/webhook.ts'
import { startFakeApiServer, statusOf } from '../support/fake-api-server.ts'
import { readAnswer, reviewOf, smallPod } from '../support/review.ts'
import { agentFor, post } from '../support/tls-client.ts'
import { kubeconfigFor } from '../support/kubeconfig-for.ts'
import { until } from '../support/until.ts'
import { startWebhook } from '../support/usher-process.ts'
import { readMetric } from '../support/webhook.ts'

const inCluster = { KUBERNETES_SERVICE_HOST: '10.0.0.1', POD_NAMESPACE: 'own' }

t.test('flags that need a cluster, or each other', async (t) => {
  for (const [args, env, message] of [
    [['--certs-secret', 'a'], {}, '--certs-secret needs a cluster: there is no KUBERNETES_SERVICE_HOST, and no --kubeconfig'],
    [['--lock-daemonset', 'a'], {}, '--lock-daemonset needs a cluster: there is no KUBERNETES_SERVICE_HOST, and no --kubeconfig'],
    [['--certs-secret', 'a'], { KUBERNETES_SERVICE_HOST: 'x' }, '--certs-secret needs POD_NAMESPACE, the namespace in which this runs'],
    [['--certs-secret', 'a', '--tls-cert', 'b', '--tls-key', 'c'], inCluster, '--certs-secret and --tls-cert exclude each other'],
    [['--webhook-configuration', 'a'], inCluster, '--webhook-configuration needs --certs-secret, whose CA it is given'],
    [['--certs-life', '29s'], inCluster, '--certs-life: "29s" is not a duration from 30s to 87600h, such as 2160h'],
    [['--certs-life', '90d'], inCluster, '--certs-life: "90d" is not a duration from 30s to 87600h, such as 2160h'],
    [['--certs-secret', 'A_b'], inCluster, '--certs-secret: "A_b" is not the name of an object'],
    [['--lock-daemonset', ''], inCluster, '--lock-daemonset: "" is not the name of an object'],
    [['--webhook-configuration', '../x'], inCluster, '--webhook-configuration: "../x" is not the name of an object'],
  ] as const) {
    await t.rejects(read(args, env), { name: UsageError.name, message }, args.join(' '))
  }
})

t.test('the cluster: the one of --kubeconfig, else the one in which it runs, else none', async (t) => {
  t.equal((await read([], {})).cluster, undefined)
  t.strictSame((await read([], inCluster)).cluster, { kubeconfig: undefined, namespace: 'own' })
  t.strictSame((await read(['--kubeconfig', 'f', '--certs-secret', 'a'], {})).cluster, { kubeconfig: 'f', namespace: 'usher-system' })
  t.strictSame((await read(['--kubeconfig', 'f'], inCluster)).cluster, { kubeconfig: 'f', namespace: 'own' })
})

t.test('an API server that does not answer delays no review, and what it says counts once it does', async (t) => {
  const api = await startFakeApiServer(t)
  const webhook = await startWebhook(t, ['--kubeconfig', kubeconfigFor(t, api), '--lock-daemonset', 'usher-lock', '--kube-version', '1.37'])
  t.strictSame(await webhook.probe('/readyz'), { status: 503, body: 'the namespaces are not known yet\n' })
  const ask = async () => readAnswer((await post(agentFor(t, webhook), webhook, reviewOf(smallPod()))).body)
  t.match(await ask(), { allowed: true, reasons: ['nap-added', 'lock-unavailable'] }, 'nothing is known')

  ;(await api.next('/api/v1/namespaces')).list('1', [{ metadata: { name: 'shop', labels: { 'usher.dev/inject': 'audit' } } }])
  await until('it is ready', async () => (await webhook.probe('/readyz')).status === 200)
  t.match(await ask(), { patch: undefined, reasons: ['audit', 'nap-added', 'lock-unavailable'] })
  t.equal(await metric('usher_webhook_breaker_open{cause="lock-not-known"}'), 1)
  ;(await api.next('/apis/apps/v1/namespaces/usher-system/daemonsets')).list('1', [
    { metadata: { name: 'usher-lock', namespace: 'usher-system', uid: 'u' }, status: { numberReady: 1 } },
  ])
  await webhook.line('the lock is injected')
  t.match(await ask(), { reasons: ['audit', 'nap-added', 'lock-added'] })

  api.stop()
  await webhook.line('a watch is lost; what was known stays for a while')
  t.match(await ask(), { reasons: ['audit', 'nap-added', 'lock-added'] }, 'what was known stays')
  t.ok((await metric('usher_webhook_watch_stale_seconds{watch="namespaces"}')) > 0)
  webhook.kill('SIGTERM')
  t.strictSame(await webhook.ended, { code: 0, signal: null })

  async function metric(sample: string): Promise<number> {
    return readMetric((await webhook.probe('/metrics')).body, sample)
  }
})

t.test('not ready while there is no certificate yet, and why that is', async (t) => {
  const api = await startFakeApiServer(t)
  const webhook = await startWebhook(t, ['--kubeconfig', kubeconfigFor(t, api), '--certs-secret', 'tls', '--kube-version', '1.37'])
  ;(await api.next('/api/v1/namespaces')).list('1', [])
  t.strictSame(await webhook.probe('/readyz'), { status: 503, body: 'there is no certificate yet\n' })
  t.equal((await webhook.probe('/healthz')).status, 200)
  await t.rejects(post(agentFor(t, webhook), webhook, reviewOf(smallPod())), 'nor is there anything to agree on')
  ;(await api.next('/api/v1/namespaces/usher-system/secrets/tls')).json(statusOf(403, 'forbidden'), 403)
  t.match(await webhook.line('the Secret of the certificate cannot be read or written; the last good certificate stays'), { err: { message: /forbidden/ } })
  t.equal(readMetric((await webhook.probe('/metrics')).body, 'usher_webhook_certificate_failures_total{step="secret"}'), 1)
  t.notMatch((await webhook.probe('/metrics')).body, /^usher_webhook_(?:certificate|ca)_expiry_timestamp_seconds /m, 'what is not known is not told')
  ;(await api.next('/api/v1/namespaces/usher-system/secrets/tls')).json({}, 404)
  ;(await api.next('/api/v1/namespaces/usher-system/secrets')).json({}, 201)
  await until('it is ready', async () => (await webhook.probe('/readyz')).status === 200)
  const metrics = (await webhook.probe('/metrics')).body
  const end = readMetric(metrics, 'usher_webhook_certificate_expiry_timestamp_seconds')
  t.ok(Math.abs(end - Date.now() / 1_000 - 2_160 * 3_600) < 60, 'ninety days')
  t.equal(readMetric(metrics, 'usher_webhook_ca_expiry_timestamp_seconds'), end)
  webhook.kill('SIGTERM')
  t.strictSame(await webhook.ended, { code: 0, signal: null })
})

t.test('a kubeconfig that cannot be read ends it, with a message', async (t) => {
  const folder = t.testdir({ empty: '{}' })
  for (const file of ['none', 'empty']) {
    await t.rejects(startWebhook(t, ['--kubeconfig', join(folder, file)]), /the webhook ended with 1: .*(?:no such file|no current context)/s)
  }
})

function read(args: readonly string[], env: Readonly<Record<string, string>>) {
  return readWebhookOptions(readFlags(webhookCommand, args), env)
}
