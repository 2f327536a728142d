import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { isObject } from '../../src/units/json.ts'
import { reviewOf, smallPod } from '../support/review.ts'
import { agentFor, post } from '../support/tls-client.ts'
import { until } from '../support/until.ts'
import { readMetric } from '../support/webhook.ts'
import { namespace, startWebhookCluster, type WebhookCluster } from './webhook-cluster.ts'

t.test('two webhooks that start at once agree on one CA, and heal what others undo', async (t) => {
  const cluster = await startWebhookCluster(t)
  const { shell } = cluster
  const webhooks = await Promise.all([cluster.webhook(), cluster.webhook()])
  const [first] = webhooks
  const ca = await until('the Secret', () => caOfSecret(cluster))

  await t.test('both serve certificates of the CA in the Secret, and one has made it', async (t) => {
    for (const webhook of webhooks) {
      await webhook.line('serving certificate')
      t.equal((await post(agentFor(t, { ...webhook, ca }), { ...webhook, ca }, reviewOf(smallPod()))).status, 200)
    }
    t.equal(webhooks.flatMap(({ lines }) => lines('made a CA and a certificate')).length, 1)
  })

  await t.test('that there is no webhook configuration is a failure that is counted, and mended when there is one', async (t) => {
    const failure = 'usher_webhook_certificate_failures_total{step="ca-bundle"}'
    t.match(await first.line('the CA cannot be put into the webhook configuration; trying again'), {
      level: 'error', err: { message: /not found/ },
    })
    t.ok(readMetric((await first.probe('/metrics')).body, failure) > 0)
    await cluster.configure(first.port)
    const bundles = await until('the CA is there', async () => {
      const found = await bundlesOf(cluster)
      return found.every((bundle) => bundle !== '') ? found : undefined
    })
    t.strictSame(bundles, [ca, ca, ca], 'in each webhook of the configuration')
    for (const webhook of webhooks) {
      await until('it is ready', async () => (await webhook.probe('/readyz')).status === 200)
    }
  })

  await t.test('the API server trusts it', async (t) => {
    await shell.read('kubectl create namespace shop')
    await shell.read('kubectl create serviceaccount default --namespace shop')
    await shell.read('kubectl label namespace shop usher.dev/inject=enabled')
    let tries = 0
    await until('a review comes', async () => {
      await shell.read('kubectl create --namespace shop -f -', JSON.stringify(smallPod({ name: `small-${tries++}` })))
      return first.lines('review').length > 0
    })
    t.match(first.lines('review'), [{ patched: true }])
  })

  await t.test('a Secret that is deleted and a caBundle that is emptied are there again within a minute', async (t) => {
    await shell.read(`kubectl delete secret usher-webhook-tls --namespace ${namespace}`)
    const patch = JSON.stringify([{ op: 'remove', path: '/webhooks/0/clientConfig/caBundle' }])
    await shell.read(`kubectl patch mutatingwebhookconfiguration usher --type json --patch '${patch}'`)
    const next = await patiently(() => caOfSecret(cluster))
    t.ok(next.startsWith(ca) && next !== ca, 'the CA of what is served is trusted on, and that of the next certificate with it')
    await patiently(async () => ((await bundlesOf(cluster)).every((bundle) => bundle === next) ? true : undefined))
    for (const webhook of webhooks) {
      t.equal((await post(agentFor(t, { ...webhook, ca }), { ...webhook, ca }, reviewOf(smallPod()))).status, 200, 'nothing else is served yet')
      t.equal((await webhook.probe('/readyz')).status, 200)
    }
    const mended = () => webhooks.flatMap(({ lines }) => lines('put the certificate back into the Secret'))
    await until('that is told', () => mended().length > 0)
    t.match(mended(), [{ fault: 'the Secret is not there' }])
  })
  for (const webhook of webhooks) {
    t.notMatch(webhook.text(), 'PRIVATE KEY')
    const failures = webhook.lines('the CA cannot be put into the webhook configuration; trying again')
    t.ok(failures.every(({ err }) => /not found/.test(JSON.stringify(err))), 'they are not in the way of each other')
  }
})

async function caOfSecret({ get }: WebhookCluster): Promise<string | undefined> {
  const found = await get(`secret usher-webhook-tls --namespace ${namespace} --ignore-not-found`).catch(() => undefined)
  const data = isObject(found?.['data']) ? found['data'] : {}
  return typeof data['ca.crt'] === 'string' ? Buffer.from(data['ca.crt'], 'base64').toString() : undefined
}

async function bundlesOf({ get }: WebhookCluster): Promise<readonly string[]> {
  const { webhooks } = await get('mutatingwebhookconfiguration usher')
  if (!Array.isArray(webhooks)) return []
  return webhooks.map((webhook: unknown) => {
    const client = isObject(webhook) ? webhook['clientConfig'] : undefined
    const bundle = isObject(client) ? client['caBundle'] : undefined
    return typeof bundle === 'string' ? Buffer.from(bundle, 'base64').toString() : ''
  })
}

/** Waits for what is only looked at once a minute; tap's own limit ends it. */
async function patiently<T>(look: () => Promise<T | undefined>): Promise<T> {
  for (;;) {
    // oxlint-disable-next-line no-await-in-loop
    const found = await look()
    if (found !== undefined) return found
    // oxlint-disable-next-line no-await-in-loop
    await pause(500)
  }
}
