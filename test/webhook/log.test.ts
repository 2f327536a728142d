import t from 'tap'
import { isObject, type JsonObject } from '../../src/units/json.ts'
import { context } from '../support/context.ts'
import { readAnswer, reviewOf, samplePod, sampleRequest, smallPod } from '../support/review.ts'
import { agentFor, post } from '../support/tls-client.ts'
import { listeningWebhook } from '../support/webhook.ts'

const secret = 'hunter2'

/** A pod with a secret in every place that people put them. */
const secretive = smallPod(
  {
    annotations: {
      note: secret,
      'usher.dev/nap': secret,
      'usher.dev/lock-lease': `${secret}${'x'.repeat(100)}`,
      [`usher.dev/${secret}`]: 'x',
    },
    labels: { key: secret },
    managedFields: [{ manager: secret }],
    ownerReferences: [{ kind: 'ReplicaSet', name: 'web-7d', uid: secret, controller: true }],
  },
  {
    image: `registry.example/${secret}:1`,
    command: ['app', secret],
    args: [`--password=${secret}`],
    env: [
      { name: 'PASSWORD', value: secret },
      { name: 'OTHER', valueFrom: { secretKeyRef: { name: secret, key: secret } } },
    ],
    livenessProbe: { httpGet: { httpHeaders: [{ name: 'authorization', value: secret }] } },
  },
)

t.test('writes one line a review: uid, namespace, pod, owner, reasons, whether it was patched, milliseconds', async (t) => {
  const webhook = await listeningWebhook(t)
  const agent = agentFor(t, webhook)
  for (const name of ['deployment-web', 'daemonset-agent', 'bare-kubectl-run']) {
    const { object, ...request } = sampleRequest(name)
    await post(agent, webhook, reviewOf(object, request))
  }
  const [web, agentPod, bare, ...more] = webhook.log.lines('review')
  t.strictSame(more, [])
  t.match(web, {
    level: 30,
    uid: sampleRequest('deployment-web')['uid'],
    namespace: 'shop',
    owner: /^ReplicaSet\/web-/,
    pod: /^web-/,
    reasons: 'nap-added,lock-added',
    patched: true,
    ms: Number,
  })
  const keys = ['level', 'ms', 'msg', 'namespace', 'owner', 'patched', 'pod', 'reasons', 'time', 'uid']
  t.strictSame(Object.keys(web ?? {}).toSorted(), keys)
  const took = web?.['ms']
  t.ok(typeof took === 'number' && took > 0 && took < 10_000, 'milliseconds')
  t.match(agentPod, { owner: /^DaemonSet\//, reasons: 'daemonset-pod', patched: false })
  t.match(bare, { pod: 'quick', patched: true })
  t.notOk(bare && 'owner' in bare, 'a bare pod has no owner')
})

t.test('names only the owner that controls the pod', async (t) => {
  const webhook = await listeningWebhook(t)
  const agent = agentFor(t, webhook)
  const owners: readonly (readonly [unknown, string | undefined])[] = [
    [[{ kind: 'A', name: 'a' }, { kind: 'B', name: 'b', controller: true }], 'B/b'],
    [[{ kind: 'A', name: 'a', controller: 'true' }], undefined],
    [[{ kind: 7, name: 'a', controller: true }], undefined],
    [[null, 'x', []], undefined],
    ['Job/x', undefined],
    [[{ kind: 'A', name: 'n'.repeat(10_000), controller: true }], `A/${'n'.repeat(298)}`],
  ]
  for (const [ownerReferences] of owners) {
    await post(agent, webhook, reviewOf({ ...smallPod(), metadata: { generateName: 'g-', ownerReferences } }))
  }
  t.strictSame(webhook.log.lines('review').map(({ owner }) => owner), owners.map(([, owner]) => owner))
  t.ok(webhook.log.lines('review').every(({ pod }) => pod === 'g-'), 'a pod without a name yet is shown by how it begins')
})

t.test('never writes a value of the environment, an argument, an annotation, or a whole pod', async (t) => {
  const webhook = await listeningWebhook(t)
  const agent = agentFor(t, webhook)
  const spec = secretive['spec']
  const pods: readonly unknown[] = [
    secretive,
    { ...secretive, spec: { ...(isObject(spec) ? spec : {}), initContainers: secret } },
    { ...secretive, spec: secret },
    { ...secretive, metadata: { annotations: { note: [secret] } } },
    secret,
    [secretive],
  ]
  for (const operation of ['CREATE', 'UPDATE', secret]) {
    for (const pod of pods) {
      const userInfo = { username: secret, extra: { token: [secret] } }
      const { body } = await post(agent, webhook, reviewOf(pod, { operation, userInfo }))
      t.equal(readAnswer(body).allowed, true)
    }
  }
  await post(agent, webhook, reviewOf(secretive, { resource: { group: '', version: 'v1', resource: secret } }))
  await post(agent, webhook, reviewOf(secretive, { subResource: secret }))
  await post(agent, webhook, reviewOf(secretive).slice(0, -1))
  await post(agent, webhook, reviewOf(secretive), { path: `/${secret}` })
  await post(agent, webhook, reviewOf(secretive), { path: `/mutate?token=${secret}`, headers: { authorization: secret } })
  await post(agent, webhook, reviewOf(secretive), { method: 'PUT' })
  await post(agent, webhook, reviewOf(secretive), { headers: { 'content-type': secret } })
  t.equal(webhook.log.lines('review').length, 3 * pods.length + 3)
  t.equal(webhook.log.text().includes(secret), false, webhook.log.text().slice(0, 2_000))
  for (const word of ['containers', 'managedFields', 'PASSWORD', 'image']) t.notMatch(webhook.log.text(), word)
})

t.test('keeps its lines short, however large a review is', async (t) => {
  const webhook = await listeningWebhook(t)
  const long = 'n'.repeat(100_000)
  const pod = smallPod({ name: long, ownerReferences: [{ kind: 'A', name: long, controller: true }] })
  await post(agentFor(t, webhook), webhook, reviewOf(pod, { uid: long, namespace: long }))
  const lines = webhook.log.text().trim().split('\n')
  t.ok(lines.every((line) => line.length < 2_000), `lines of ${lines.map((line) => line.length).join()} characters`)
})

t.test('writes names as JSON, so that nobody forges a line', async (t) => {
  const webhook = await listeningWebhook(t)
  const pod = smallPod({ name: 'a\n{"msg":"forged"}' })
  await post(agentFor(t, webhook), webhook, reviewOf(pod, { namespace: 'b\r\n{"msg":"forged"}' }))
  t.equal(webhook.log.text().trim().split('\n').length, 1)
  t.strictSame(webhook.log.lines('forged'), [])
})

t.test('counts requests by status, outcomes by feature and reason, and how long it took', async (t) => {
  const webhook = await listeningWebhook(t)
  const agent = agentFor(t, webhook)
  for (let sent = 0; sent < 3; sent++) await post(agent, webhook, reviewOf(smallPod()))
  await post(agent, webhook, reviewOf(samplePod('job-migrate')))
  await post(agent, webhook, reviewOf(null))
  await post(agent, webhook, 'nonsense')
  const counted = {
    'usher_webhook_requests_total{status="200"}': 5,
    'usher_webhook_requests_total{status="400"}': 1,
    'usher_webhook_outcomes_total{feature="nap",reason="nap-added"}': 3,
    'usher_webhook_outcomes_total{feature="lock",reason="lock-added"}': 3,
    'usher_webhook_outcomes_total{feature="lock",reason="job-pod"}': 1,
    'usher_webhook_outcomes_total{feature="nap",reason="finishes-by-itself"}': 1,
    'usher_webhook_outcomes_total{feature="pod",reason="malformed-pod"}': 1,
  }
  for (const [sample, value] of Object.entries(counted)) t.equal(await webhook.metric(sample), value, sample)
  t.ok((await webhook.metric('usher_webhook_request_duration_seconds_count')) >= 5)
  const sum = await webhook.metric('usher_webhook_request_duration_seconds_sum')
  t.ok(sum > 0 && sum < 10, `${sum} s in all`)
  t.ok((await webhook.metric('usher_webhook_request_duration_seconds_bucket{le="2"}')) >= 5)
})

t.test('takes what it knows of the namespace that the request names, not of the one in the object', async (t) => {
  const asked: string[] = []
  const webhook = await listeningWebhook(t, {
    contextOf(name) {
      asked.push(name)
      return { ...context, namespace: { name, labels: { 'usher.dev/inject': name === 'shop' ? 'enabled' : 'disabled' } } }
    },
  })
  const agent = agentFor(t, webhook)
  const reasons = async (pod: JsonObject, namespace: unknown): Promise<readonly string[]> =>
    readAnswer((await post(agent, webhook, reviewOf(pod, { namespace }))).body).reasons
  t.strictSame(await reasons(smallPod({ namespace: 'elsewhere' }), 'shop'), ['nap-added', 'lock-added'])
  t.strictSame(await reasons(smallPod({ namespace: 'shop' }), 'elsewhere'), ['namespace-opted-out'])
  t.strictSame(await reasons(smallPod(), 7), ['namespace-opted-out'])
  t.strictSame(asked, ['shop', 'elsewhere', ''])
})
