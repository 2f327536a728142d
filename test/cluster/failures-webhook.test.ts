import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { issueCa, issueLeaf } from '../../src/certs/issue.ts'
import { issueForTest, serviceName } from '../support/certificates.ts'
import { until } from '../support/until.ts'
import { theCluster } from './cluster-file.ts'
import { control } from './plan.ts'
import { delaysIn } from './support/delays.ts'
import { dropOn, passAgain } from './support/packets.ts'
import { showLogsOfFailure } from './support/show-logs.ts'
import { scaleWebhook, startStandIn, trust } from './support/stand-in.ts'
import { kubectl, list, makeNamespace, startUsher, systemNamespace, tryKubectl } from './support/usher.ts'
import { isLeftAlone, naps, type Pod } from './support/workloads.ts'

await startUsher(t)
showLogsOfFailure(t)

// So that no pod waits for another one's turn.
const short = { 'usher.dev/lock-lease': '1s', 'usher.dev/nap': '1s' }
// By the chart: webhook.timeoutSeconds. The API server's own call of a Service that does not answer may take it twice, for a
// pod that is changed by others is shown to webhooks again.
const timeoutMs = 2_000
// What one start differs from another on a machine that others use.
const noiseMs = 5_000
const [node] = theCluster().machines
if (node === undefined) throw new Error('there is no node')

t.test('all is well: what a nap and a turn cost', async (t) => {
  await makeNamespace(t, 'well', undefined, short)
  await isInjected('well')
  const { pods } = await delaysIn(t, 'well')
  t.ok(pods.every(naps))
})

t.test('the webhook is scaled to 0: pods start as they are, later by its timeout at the most', async (t) => {
  await makeNamespace(t, 'scaled', undefined, short)
  t.teardown(() => scaleWebhook(2))
  await scaleWebhook(0)
  // A connection to nobody is refused, or, while the node still has ways to replicas that are gone, not answered.
  await startAsTheyAre(t, 'scaled', 2 * timeoutMs + noiseMs)
})

t.test('packets to the webhook are dropped: pods start as they are, later by its timeout', async (t) => {
  await makeNamespace(t, 'dropped', undefined, short)
  await isInjected('dropped')
  await dropOn(node, [`ip saddr ${control.address} tcp dport 8443`])
  try {
    const { medianMs, withoutMs } = await startAsTheyAre(t, 'dropped', 2 * timeoutMs + noiseMs)
    t.ok(medianMs > withoutMs + 1_000, 'the API server has waited for it')
  } finally {
    await passAgain(node)
  }
  await isInjected('dropped')
})

t.test('one replica is cut off: half of the pods wait for its timeout until the node has noticed', async (t) => {
  await makeNamespace(t, 'partitioned', undefined, short)
  await isInjected('partitioned')
  const [replica] = await list<Pod & { readonly status: { readonly podIP: string } }>('get', 'pods', '--namespace', systemNamespace, '--selector', 'app.kubernetes.io/component=webhook')
  const address = replica?.status.podIP ?? ''
  await dropOn(node, [`ip daddr ${address}`, `ip saddr ${address}`])
  try {
    const began = performance.now()
    const { pods, medianMs, withoutMs } = await delaysIn(t, 'partitioned')
    t.ok(medianMs < withoutMs + 2 * timeoutMs + noiseMs)
    t.comment(`${pods.filter(naps).length} of ${pods.length} were injected by the other replica`)
    await until('the replica is no longer called', async () => (await readyReplicas()) === 1, 120_000)
    t.comment(`the node has noticed within ${Math.round((performance.now() - began) / 1_000)} s`)
    await isInjected('partitioned')
    t.ok((await delaysIn(t, 'partitioned')).pods.every(naps), 'every pod is injected by the one that is left')
  } finally {
    await passAgain(node)
  }
  await until('both replicas are back', async () => (await readyReplicas()) === 2, 120_000)
})

t.test('what answers in the place of the webhook', async (t) => {
  t.teardown(() => scaleWebhook(2))
  await scaleWebhook(0)
  const { ca, leaf } = await issueForTest()
  await makeNamespace(t, 'garbage', undefined, short)
  const standIn = await startStandIn(t, leaf, ca.cert)
  await until('the API server reaches it', async () => {
    await dryRun('garbage')
    return standIn.connections() > 0
  }, 60_000)

  const answers: Readonly<Record<string, Parameters<typeof standIn.answer>[0]>> = {
    'is no JSON': (_, response) => response.end('garbage'),
    'is JSON, and no review': (_, response) => response.setHeader('content-type', 'application/json').end('{"kind":"Cat"}'),
    'is a review without an answer': (_, response) => response.setHeader('content-type', 'application/json').end(JSON.stringify({ apiVersion: 'admission.k8s.io/v1', kind: 'AdmissionReview' })),
    'is 500': (_, response) => response.writeHead(500).end(),
    'is a connection that ends': (_, response) => void response.destroy(),
    'never ends': (_, response) => void response.writeHead(200, { 'content-type': 'application/json' }).write('{'),
    'never comes': () => {},
  }
  for (const [what, answer] of Object.entries(answers)) {
    await t.test(`an answer that ${what}: pods start as they are`, async (t) => {
      standIn.answer(answer)
      await startAsTheyAre(t, 'garbage', 2 * timeoutMs + noiseMs, 1)
    })
  }
})

t.test('the certificate has expired, and nobody renews it: pods start as they are, none later', async (t) => {
  t.teardown(() => scaleWebhook(2))
  await scaleWebhook(0)
  const twoDaysAgo = new Date(Date.now() - 2 * 86_400_000)
  const ca = await issueCa(10, twoDaysAgo)
  const standIn = await startStandIn(t, await issueLeaf(ca, [serviceName], 1, twoDaysAgo), ca.cert)
  await makeNamespace(t, 'expired', undefined, short)
  await until('the API server reaches it', async () => {
    await dryRun('expired')
    return standIn.connections() > 0
  }, 60_000)
  await startAsTheyAre(t, 'expired', noiseMs)
})

t.test('the API server does not trust the webhook: pods start as they are, until the webhook has mended it', async (t) => {
  await makeNamespace(t, 'mismatch', undefined, short)
  await isInjected('mismatch')
  const began = performance.now()
  const { ca } = await issueForTest()
  await trust(ca.cert)
  const { medianMs, withoutMs } = await delaysIn(t, 'mismatch', { rounds: 1 })
  t.ok(medianMs < withoutMs + noiseMs)
  await isInjected('mismatch')
  t.comment(`mended within ${Math.round((performance.now() - began) / 1_000)} s`)
})

/** Holds pods to start as their author wrote them, no later than that than others. */
async function startAsTheyAre(t: Test, namespace: string, laterMs: number, rounds = 3) {
  const delays = await delaysIn(t, namespace, { rounds })
  for (const pod of delays.pods) isLeftAlone(t, pod)
  t.ok(delays.medianMs <= delays.withoutMs + laterMs, `later by ${laterMs} ms at most`)
  return delays
}

/** Waits until pods are injected. */
async function isInjected(namespace: string): Promise<void> {
  await until('pods are injected', async () => {
    if ((await dryRun(namespace)).includes('usher.dev/status')) return true
    await pause(500)
    return false
  }, 120_000)
}

/** What would become of a pod, as JSON; empty: nothing. */
async function dryRun(namespace: string): Promise<string> {
  return (await tryKubectl(['run', 'dry', '--namespace', namespace, '--image=any', '--dry-run=server', '--output=json'])).stdout
}

async function readyReplicas(): Promise<number> {
  return Number(await kubectl(['get', 'deployment', 'usher-webhook', '--namespace', systemNamespace, '-o', 'jsonpath={.status.readyReplicas}']))
}
