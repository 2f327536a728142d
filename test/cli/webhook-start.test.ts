import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { X509Certificate } from 'node:crypto'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { writeCertificates } from '../../src/certs/files.ts'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { serviceName } from '../support/certificates.ts'
import { applied, readAnswer, type ReviewAnswer, reviewOf, smallPod } from '../support/review.ts'
import { agentFor, post, type Server } from '../support/tls-client.ts'
import { startWebhook } from '../support/usher-process.ts'
import { readMetric } from '../support/webhook.ts'

t.test('the first start makes certificates, and the next one serves the same', async (t) => {
  const folder = t.testdir({})
  const certs = join(folder, 'made', 'here')
  const first = await startWebhook(t, ['--certs', certs])
  t.strictSame(readdirSync(certs).toSorted(), ['ca.crt', 'ca.key', 'tls.crt', 'tls.key'])
  for (const file of ['ca.key', 'tls.key']) t.equal(statSync(join(certs, file)).mode & 0o777, 0o600, file)
  const ca = readFileSync(join(certs, 'ca.crt'), 'utf8')
  const { patch, reasons } = await review(t, { ...first, ca })
  t.strictSame(reasons, ['kube-version-unknown', 'lock-added'], 'without a version and a cluster: no nap, but a lock')
  const { spec } = applied(smallPod(), patch)
  t.match(spec, { initContainers: [{ name: 'usher-lock' }] })
  t.notOk(isObject(spec) && 'terminationGracePeriodSeconds' in spec)
  t.match(first.lines('no --kube-version and no cluster to ask: containers get no native nap (kube-version-unknown)'), [{ level: 'warn' }])
  t.match(first.lines('made a CA and a certificate'), [{ folder: certs, names: ['usher-webhook.usher-system.svc'] }])
  t.notMatch(first.text(), 'PRIVATE KEY')

  const second = await startWebhook(t, ['--certs', certs])
  t.equal(readFileSync(join(certs, 'ca.crt'), 'utf8'), ca)
  t.match(await review(t, { ...second, ca }), { allowed: true })
  t.strictSame(second.lines('made a CA and a certificate'), [])
})

t.test('says where it listens, and answers probes, metrics and reviews there', async (t) => {
  const webhook = await startWebhook(t, ['--kube-version', '1.37', '--log-level', 'debug'])
  const { port, probePort } = webhook
  t.match(webhook.lines('listening'), [{ level: 'info', port, probePort, kubeVersion: { major: 1, minor: 37 } }])
  t.not(port, probePort)

  t.strictSame(await webhook.probe('/healthz'), { status: 200, body: 'ok\n' })
  t.strictSame(await webhook.probe('/readyz'), { status: 200, body: 'ok\n' })
  t.equal((await webhook.probe('/mutate')).status, 404)
  const secret = 'hunter2'
  const pod = smallPod({ annotations: { a: secret, 'usher.dev/nap': secret } }, { env: [{ name: 'A', value: secret }], args: [secret] })
  t.match(await review(t, webhook, pod), { reasons: ['nap-added', 'lock-added'], warnings: [/hunter2/] })
  t.equal((await post(agentFor(t, webhook), webhook, `{"${secret}`)).status, 400)

  const { status, body } = await webhook.probe('/metrics')
  t.equal(status, 200)
  t.equal(readMetric(body, 'usher_webhook_requests_total{status="200"}'), 1)
  t.equal(readMetric(body, 'usher_webhook_outcomes_total{feature="lock",reason="lock-added"}'), 1)
  t.equal(readMetric(body, 'usher_webhook_failures_total{reason="internal-error"}'), 0)
  t.ok(readMetric(body, 'process_cpu_seconds_total') > 0, 'and of the process')
  const ends = readMetric(body, 'usher_webhook_certificate_expiry_timestamp_seconds') * 1_000
  const [serving] = webhook.lines('serving certificate')
  t.equal(new Date(ends).toISOString(), serving?.['validTo'])

  t.match(await webhook.line('review'), {
    level: 'info',
    uid: 'uid-of-the-review',
    namespace: 'shop',
    reasons: 'nap-added,lock-added',
    time: /^\d{4}-.*Z$/,
  })
  const lines = webhook.text().trim().split('\n')
  t.ok(lines.every((line) => isObject(JSON.parse(line))), 'every line is JSON')
  await webhook.line('refused')
  t.notMatch(webhook.text(), secret, 'and none has anything of the pod')
  t.notMatch(body, secret, 'nor have the metrics')
})

t.test('before 1.30 the nap is made by the binary', async (t) => {
  const { patch, reasons } = await review(t, await startWebhook(t, ['--kube-version', '1.29']))
  t.strictSame(reasons, ['nap-added', 'lock-added'])
  t.match(applied(smallPod(), patch)['spec'], {
    initContainers: [{ name: 'usher-lock', args: ['--install-nap=/usher/nap'] }],
    containers: [{ lifecycle: { preStop: { exec: { command: ['/usher/nap', '10'] } } } }],
  })
})

t.test('serves while the cluster that it runs in does not answer', async (t) => {
  const env = { KUBERNETES_SERVICE_HOST: '127.0.0.1', KUBERNETES_SERVICE_PORT: '1' }
  const webhook = await startWebhook(t, [], { env })
  t.match(await webhook.line('the API server does not say its version'), { level: 'warn', err: { message: String } })
  t.match(await review(t, webhook), { allowed: true, reasons: ['kube-version-unknown', 'lock-added'] })
  t.equal((await webhook.probe('/readyz')).status, 200)
  webhook.kill('SIGTERM')
  t.strictSame(await webhook.ended, { code: 0, signal: null })
})

t.test('uses the configuration and the certificate that it is given, and makes none', async (t) => {
  const folder = t.testdir({ 'usher.yaml': 'nap:\n  duration: 7s\nlock:\n  image: registry.example/usher-wait:9\n' })
  const given = await writeCertificates(join(folder, 'given'), { names: [serviceName], leafDays: 2, caDays: 3, now: new Date() })
  const webhook = await startWebhook(t, [
    '--config', join(folder, 'usher.yaml'), '--kube-version', '1.37',
    '--tls-cert', given.cert, '--tls-key', given.key, '--certs', join(folder, 'none'),
  ])
  const { spec } = applied(smallPod(), (await review(t, { ...webhook, ca: readFileSync(given.ca, 'utf8') })).patch)
  t.match(spec, {
    terminationGracePeriodSeconds: 37,
    initContainers: [{ image: 'registry.example/usher-wait:9' }],
    containers: [{ lifecycle: { preStop: { sleep: { seconds: 7 } } } }],
  })
  t.notOk(existsSync(join(folder, 'none')))
  const { validToDate } = new X509Certificate(readFileSync(given.cert))
  t.match(webhook.lines('serving certificate'), [{ validTo: validToDate.toISOString() }])
})

t.test('goes on where nobody reads its log any more', async (t) => {
  const webhook = await startWebhook(t)
  webhook.closeStdout()
  const agent = agentFor(t, webhook)
  for (let sent = 0; sent < 200; sent++) t.equal((await post(agent, webhook, reviewOf(smallPod()))).status, 200)
  webhook.kill('SIGTERM')
  t.strictSame(await webhook.ended, { code: 0, signal: null })
})

async function review(t: Test, server: Server, pod: JsonObject = smallPod()): Promise<ReviewAnswer> {
  return readAnswer((await post(agentFor(t, server), server, reviewOf(pod))).body)
}
