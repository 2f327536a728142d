import { fileURLToPath } from 'node:url'
import t from 'tap'
import manifest from '../../package.json' with { type: 'json' }
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { apply, helm, kubectl, list, makeNamespace, startUsher, systemNamespace } from './support/usher.ts'
import { usher } from './support/usher-cli.ts'
import { hasGotTheLock, startPods } from './support/workloads.ts'
import { waitUntil } from './wait.ts'

await startUsher(t)
showLogsOfFailure(t)

const chart = fileURLToPath(new URL('../../deploy/chart', import.meta.url))

// As the chart has it: locks are read from their own nodes alone. The other tests' locks are open to all.
await readableBy('node')

const short = { 'usher.dev/lock-lease': '1s', 'usher.dev/nap': '1s' }

t.test('usher status reads a lock that its own node alone may read, through the kubelet', async (t) => {
  const namespace = 'status'
  await makeNamespace(t, namespace, undefined, short)
  const { web } = await startPods(namespace, { web: {} })
  await hasGotTheLock(t, web)
  const { code, stdout, stderr } = await usher(['status'])
  t.equal(code, 0, stderr)
  t.match(stdout, /^node-1 +\d+\/1 +\d+ +\d+ /m)
  const detail = await usher(['status', 'node-1'])
  t.match(detail.stdout, /^ +status\/web +\w/m, 'its start is told')
  const json = parse((await usher(['status', '-o', 'json'])).stdout)
  t.match(json, { namespace: systemNamespace, nodes: [{ node: 'node-1', ready: true, state: { pods: { state: 'connected' } } }] })

  // The other way, for those who open it.
  await readableBy('all')
  t.equal((await usher(['status'])).code, 0)
  await readableBy('node')
})

t.test('usher check finds nothing wrong with an installation that is well', async (t) => {
  const namespace = 'check'
  await makeNamespace(t, namespace, undefined, short)
  const { web } = await startPods(namespace, { web: {} })
  await hasGotTheLock(t, web)
  const { code, found } = await check()
  t.equal(code, 0)
  for (const [id, { outcome, detail, items }] of Object.entries(found)) {
    t.ok(outcome === 'ok' || outcome === 'skipped', `${id}: ${JSON.stringify({ outcome, detail, items })}`)
  }
  const told = ['api-reachable', 'usher-rights', 'webhook-ca', 'webhook-certificate', 'webhook-reachable', 'injection', 'breaker', 'lock-answers', 'lock-reachable', 'wait-image', 'pods-injected', 'nap-in-shutdown']
  for (const id of told) t.equal(found[id]?.['outcome'], 'ok', id)
})

t.test('usher check says what is wrong', async (t) => {
  await makeNamespace(t, 'check-old', {})
  await startPods('check-old', { old: {} })
  await kubectl(['label', 'namespace', 'check-old', 'usher.dev/inject=enabled'])
  t.match((await check()).found['pods-injected'], { outcome: 'warning', items: ['check-old/old: no nap, no lock'] })

  t.teardown(() => kubectl(['scale', 'deployment/usher-webhook', '--namespace', systemNamespace, '--replicas=2']))
  await kubectl(['scale', 'deployment/usher-webhook', '--namespace', systemNamespace, '--replicas=0'])
  await waitUntil('the webhook is gone', async () => (await webhooks()).length === 0)
  const down = await check()
  t.equal(down.code, 1)
  t.match(down.found, { 'webhook-running': { outcome: 'failed', hint: /--replicas=2/ }, injection: { outcome: 'skipped' } })
  await kubectl(['scale', 'deployment/usher-webhook', '--namespace', systemNamespace, '--replicas=2'])
  await kubectl(['rollout', 'status', 'deployment/usher-webhook', '--namespace', systemNamespace, '--timeout=120s'])

  // A CA that has issued nothing: the webhook mends it within a minute.
  const stranger = Buffer.from(await kubectl(['get', 'configmap', 'kube-root-ca.crt', '--namespace', 'default', '-o', 'jsonpath={.data.ca\\.crt}'])).toString('base64')
  const patch = [0, 1, 2].map((index) => ({ op: 'replace', path: `/webhooks/${index}/clientConfig/caBundle`, value: stranger }))
  await waitUntil('the check tells of it', async () => {
    // It may have been mended just before the check.
    await kubectl(['patch', 'mutatingwebhookconfiguration', 'usher', '--type=json', '--patch', JSON.stringify(patch)])
    const { found } = await check()
    return JSON.stringify(found['webhook-certificate']).includes('the API server does not trust') && JSON.stringify(found['webhook-reachable']).includes('though it can connect to it')
  })
  await waitUntil('it is mended', async () => (await check()).found['webhook-reachable']?.['outcome'] === 'ok')
})

t.test('a policy of a namespace that rejects injected pods is named', async (t) => {
  await makeNamespace(t, 'check-policy', { 'usher.dev/inject': 'enabled', odd: 'true' })
  const metadata = { name: 'no-init-containers' }
  t.teardown(() => kubectl(['delete', 'validatingadmissionpolicy,validatingadmissionpolicybinding', metadata.name, '--ignore-not-found']))
  await apply(
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicy',
      metadata,
      spec: {
        matchConstraints: { resourceRules: [{ apiGroups: [''], apiVersions: ['v1'], operations: ['CREATE'], resources: ['pods'] }] },
        validations: [{ expression: '!has(object.spec.initContainers)', message: 'no init containers here' }],
      },
    },
    {
      apiVersion: 'admissionregistration.k8s.io/v1',
      kind: 'ValidatingAdmissionPolicyBinding',
      metadata,
      spec: { policyName: metadata.name, validationActions: ['Deny'], matchResources: { namespaceSelector: { matchLabels: { odd: 'true' } } } },
    },
  )
  await waitUntil('the policy is known', async () => (await check()).found['injection']?.['outcome'] === 'failed')
  t.match((await check()).found['injection'], { items: [/^check-policy: pods are rejected because of what usher puts in: .*no init containers here/] })
})

/** What the check has found, by the ids. */
async function check(): Promise<{ readonly code: number | null; readonly found: Readonly<Record<string, JsonObject>> }> {
  const { code, stdout } = await usher(['check', '-o', 'json'])
  const { checks } = parse(stdout)
  return { code, found: Object.fromEntries((Array.isArray(checks) ? checks : []).filter(isObject).map((each) => [each['id'], each])) }
}

function parse(text: string): JsonObject {
  const value: unknown = JSON.parse(text)
  if (!isObject(value)) throw new Error(`${manifest.name} has written no object: ${text}`)
  return value
}

async function readableBy(readers: string): Promise<void> {
  await helm('upgrade', 'usher', chart, '--namespace', systemNamespace, '--reset-then-reuse-values', '--set', `lock.readers=${readers}`, '--wait', '--timeout', '180s')
}

function webhooks(): Promise<readonly JsonObject[]> {
  return list('get', 'pods', '--namespace', systemNamespace, '--selector', 'app.kubernetes.io/component=webhook')
}
