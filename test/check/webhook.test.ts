import { X509Certificate } from 'node:crypto'
import t from 'tap'
import type { Facts } from '../../src/check/facts.ts'
import { type Result, runChecks } from '../../src/check/run-checks.ts'
import type { JsonObject } from '../../src/units/json.ts'
import { issueForTest } from '../support/certificates.ts'
import { configuration, facts, injectedPod, installation, namespace, now, told } from '../support/check-facts.ts'

function find(id: string, parts: Partial<Facts>): Result {
  const result = runChecks(facts(parts), [id]).find((each) => each.id === id)
  if (result === undefined) throw new Error(`there is no check ${id}`)
  return result
}

const shop = namespace('shop')
const bare: JsonObject = { metadata: {}, spec: { containers: [{ name: 'main' }] } }

/** What comes of the check's pod in the shop, when others have changed it. */
function afterOthers(change: (pod: { spec: Record<string, unknown> & { containers: Record<string, unknown>[]; initContainers: { name: string }[] } }) => void): Result {
  const pod = structuredClone(injectedPod(shop))
  change(pod as never)
  return find('injection', { dryRuns: [{ namespace: shop, pod: told(pod) }] })
}

t.test('what other webhooks and policies do to an injected pod', async (t) => {
  t.match(afterOthers(() => {}), { outcome: 'ok', items: [] })
  t.match(afterOthers(({ spec }) => delete spec.containers[0]?.['lifecycle']), { outcome: 'failed', items: [/^shop: the nap was put in, and .* has taken it out again$/] })
  t.match(afterOthers(({ spec }) => Reflect.set(spec, 'initContainers', [])), { outcome: 'failed', items: [/^shop: the init container was put in, and .* taken it out again$/] })
  t.match(afterOthers(({ spec }) => spec.initContainers.unshift({ name: 'mesh' })), { outcome: 'warning', items: ['shop: init containers come before usher-lock: mesh; they start without waiting'] })
})

t.test('pods that are rejected: because of usher, or anyway', async (t) => {
  const pod = { kind: 'failed', message: 'no hooks here', status: 403 } as const
  t.match(find('injection', { dryRuns: [{ namespace: shop, pod, control: told(bare) }, { namespace: shop, pod: told(injectedPod(shop)) }] }), {
    outcome: 'failed',
    items: ['shop: pods are rejected because of what usher puts in: no hooks here'],
  })
  t.match(find('injection', { dryRuns: [{ namespace: shop, pod, control: { kind: 'failed', message: 'quota', status: 403 } }, { namespace: shop, pod: told(injectedPod(shop)) }] }), { outcome: 'ok', items: [/rejected without usher, too/] })
  t.match(find('injection', { dryRuns: [{ namespace: shop, pod, control: { kind: 'failed', message: 'etcd sleeps', status: 503 } }] }), {
    outcome: 'skipped',
    items: [/whether they are without usher, too, could not be tried \(etcd sleeps\): no hooks here/],
  })
  t.match(find('webhook-reachable', { dryRuns: [{ namespace: shop, pod }] }), { outcome: 'skipped', detail: /no hooks here/ })
})

t.test('a namespace that wants less gets less, and is well', async (t) => {
  const quiet = namespace('quiet', { 'usher.dev/nap': 'disabled', 'usher.dev/lock': 'disabled' })
  const dryRuns = [{ namespace: shop, pod: told(injectedPod(shop)) }, { namespace: quiet, pod: told(bare) }]
  t.match(find('injection', { enabled: told([shop, quiet]), dryRuns }), { outcome: 'ok', detail: /in 2 namespaces/ })
  t.match(find('injection', { enabled: told([]), dryRuns }), { outcome: 'warning', detail: 'usher is on in no namespace' })
})

t.test('a webhook that the API server does without: whether it can connect to it at all', async (t) => {
  const dryRuns = [{ namespace: shop, pod: told(bare) }]
  t.match(find('webhook-reachable', { dryRuns }), { outcome: 'failed', detail: /though it can connect to it/, hint: /certificate is not trusted/ })
  t.match(find('webhook-reachable', { dryRuns, webhookByProxy: { kind: 'failed', message: 'dial tcp: timeout' } }), { outcome: 'failed', detail: /dial tcp: timeout/, hint: /webhook\.hostNetwork=true/ })
  t.match(find('injection', { dryRuns }), { outcome: 'skipped', detail: 'it makes no sense before webhook-reachable is mended' })
})

t.test('a webhook that rightly changes nothing is not said to be out of reach', async (t) => {
  const quiet = namespace('quiet', { 'usher.dev/nap': 'disabled', 'usher.dev/lock': 'disabled' })
  const tried = (of: JsonObject, parts: Partial<Facts> = {}, mark?: 'enabled') => find('webhook-reachable', { dryRuns: [{ namespace: of, mark, pod: told(bare) }], ...parts })
  t.match(tried(quiet), { outcome: 'skipped', items: ['quiet: nap-disabled, lock-disabled'] })
  const unmarked = (labels?: JsonObject): JsonObject => ({ metadata: { name: 'default', ...(labels === undefined ? {} : { labels }) } })
  t.match(tried(unmarked({ 'usher.dev/inject': 'audit' }), {}, 'enabled'), { outcome: 'skipped', items: [/^default: audit/] })
  t.match(tried(unmarked({ 'usher.dev/inject': 'disabled' }), {}, 'enabled'), { outcome: 'skipped', items: ['default: namespace-opted-out'] })
  t.match(tried(unmarked(), {}, 'enabled'), { outcome: 'skipped', items: ['default: the labels of the namespace are not known'] })
  t.match(tried(unmarked({}), {}, 'enabled'), { outcome: 'failed' })
  t.match(tried(shop, { config: { kind: 'failed', message: 'no' } }), { outcome: 'skipped' })
  const both = [{ namespace: quiet, pod: told(bare) }, { namespace: shop, pod: told(bare) }]
  t.match(find('webhook-reachable', { dryRuns: both }), { outcome: 'failed' }, 'one that would be changed is enough')
})

t.test('an open breaker leaves nothing to put in where pods do not nap', async (t) => {
  const webhookMetrics = [{ pod: 'w-1', metrics: told('usher_webhook_breaker_open{cause="no-lock-ready"} 1\n') }]
  const parts = { kubeVersion: { major: 1, minor: 29 }, dryRuns: [{ namespace: shop, pod: told(bare) }] }
  t.match(find('webhook-reachable', { ...parts, webhookMetrics }), { outcome: 'skipped', items: [/^shop: .*lock-unavailable/] })
  t.match(find('injection', { ...parts, webhookMetrics }), { outcome: 'warning', items: ['shop: pods get no lock (breaker)'] })
  t.match(find('webhook-reachable', { ...parts, webhookMetrics: [] }), { outcome: 'skipped' }, 'nor can it be told while the breaker is not known')
  t.match(find('webhook-reachable', parts), { outcome: 'failed' })
})

t.test('a registration that leads elsewhere, keeps pods from starting, or is there twice', async (t) => {
  const registered = (...all: readonly JsonObject[]) => find('webhook-registered', { webhookConfigurations: told(all) })
  t.equal(registered(configuration()).outcome, 'ok')
  t.match(registered(configuration({ clientConfig: { url: 'https://else' } })), { outcome: 'failed', items: ['namespace.usher.dev leads to https://else, not to usher-system/usher-webhook'] })
  t.match(registered(configuration({ failurePolicy: 'Fail', timeoutSeconds: 30 })), {
    outcome: 'failed',
    detail: /keeps pods from starting/,
    items: [/failurePolicy Fail/, /failurePolicy Fail/, /failurePolicy Fail/, /waited for 30 s/],
  })
  t.match(registered(configuration({ timeoutSeconds: 30 })), { outcome: 'warning', items: [/waited for 30 s/] })
  t.match(registered(configuration(), { ...configuration(), metadata: { name: 'old' } }), { outcome: 'failed', items: ['usher', 'old'], hint: /delete those that are not usher/ })
  t.match(registered({ metadata: { name: 'usher' }, webhooks: [{ name: 'pod.usher.dev', failurePolicy: 'Ignore' }] }), { outcome: 'failed', items: [/namespace\.usher\.dev is missing/] })
  t.match(registered({ metadata: { name: 'other' }, webhooks: [] }), { outcome: 'failed', detail: /there is no MutatingWebhookConfiguration of usher/ })
})

t.test('a webhook that does not run, or leaves the lock out', async (t) => {
  const running = (replicas: number, readyReplicas: number) =>
    find('webhook-running', { installation: { ...installation, deployment: { metadata: { name: 'usher-webhook' }, spec: { replicas }, status: { readyReplicas } } } })
  t.match([running(2, 2), running(2, 1), running(2, 0), running(0, 0)], [{ outcome: 'ok' }, { outcome: 'warning' }, { outcome: 'failed' }, { outcome: 'failed', hint: /scale/ }])
  const metrics = told('usher_webhook_breaker_open{cause="no-lock-ready"} 0\nusher_webhook_breaker_open{cause="init-container-hangs"} 1\n')
  t.match(find('breaker', { webhookMetrics: [{ pod: 'w-1', metrics }] }), { outcome: 'warning', items: ['w-1: pods hang on usher-lock'] })
  t.match(find('breaker', { webhookMetrics: [{ pod: 'w-1', metrics: { kind: 'denied', message: 'no' } }] }), { outcome: 'skipped', detail: 'you may not look: no' })
})

t.test('CA and certificate: trusted, valid, for the name, and not about to end', async (t) => {
  const host = 'usher-webhook.usher-system.svc'
  const { ca, leaf } = await issueForTest([host])
  const [{ ca: strange }, { ca: otherCa, leaf: otherName }] = [await issueForTest([host]), await issueForTest(['else.svc'])]
  const at = Date.now()
  const judged = (bundle: string, cert: string, time = at) => {
    const parts = { now: time, webhookConfigurations: told([configuration({}, bundle)]), secret: told({ 'tls.crt': cert }) }
    return [find('webhook-ca', parts), find('webhook-certificate', parts)]
  }
  const day = 24 * 3_600_000
  t.match(judged(ca.cert, leaf.cert), [{ outcome: 'ok' }, { outcome: 'ok', detail: /ends in/ }])
  t.match(judged('', leaf.cert), [{ outcome: 'failed', detail: /has no CA/ }, { outcome: 'ok' }])
  t.match(judged(strange.cert, leaf.cert), [{ outcome: 'ok' }, { outcome: 'failed', detail: /of a CA that the API server does not trust/, hint: /delete secret tls/ }])
  t.match(judged(otherCa.cert, otherName.cert), [{ outcome: 'ok' }, { outcome: 'failed', detail: /is not for usher-webhook\.usher-system\.svc/ }])
  t.match(judged(ca.cert, leaf.cert, at + 20_000 * day), [{ outcome: 'failed', detail: /has expired/ }, { outcome: 'failed', detail: /it ended .* ago/ }])
  t.match(judged(ca.cert, leaf.cert, at - 20_000 * day), [{ outcome: 'failed' }, { outcome: 'failed', detail: /it begins in/ }])
  t.match(judged(ca.cert, 'nonsense'), [{ outcome: 'ok' }, { outcome: 'failed', detail: /holds no certificate/ }])
  t.match(find('webhook-certificate', { now }), { outcome: 'failed', detail: 'there is no Secret tls: the webhook has no certificate' })
  const anHourBefore = new X509Certificate(leaf.cert).validToDate.getTime() - 3_600_000
  t.match(judged(ca.cert, leaf.cert, anHourBefore)[1], { outcome: 'warning', detail: /ends soon, and should have been renewed/ })
})

t.test('who makes CA and certificate is who is asked to mend them', async (t) => {
  const container = { name: 'webhook', args: ['webhook', '--certs=/tls'] }
  const spec = { template: { spec: { containers: [container], volumes: [{ name: 'tls', secret: { secretName: 'my-tls' } }] } } }
  const mounted = { ...installation, deployment: { ...installation.deployment, spec } }
  const hints = (parts: Partial<Facts>, annotations: JsonObject = {}) => {
    const { metadata, ...rest } = configuration()
    const webhookConfigurations = told([{ ...rest, metadata: { ...(metadata as JsonObject), annotations } }])
    return ['webhook-ca', 'webhook-certificate'].map((id) => find(id, { ...parts, webhookConfigurations, secret: told({}) }).hint)
  }
  t.match(hints({}), [/^the webhook puts its CA in within a minute/, /delete secret tls: the webhook makes it anew/])
  t.match(hints({ installation: mounted }, { 'cert-manager.io/inject-ca-from': 'usher-system/usher-webhook' }), [
    /^cert-manager's cainjector puts it in, of Certificate usher-system\/usher-webhook/,
    /why cert-manager does not renew it; when Secret my-tls is deleted/,
  ])
  t.match(hints({ installation: mounted }), [/webhook\.certificates\.caBundle, the CA of Secret my-tls/, /^Secret my-tls is yours/])
})
