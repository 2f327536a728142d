import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { certificatesIn } from '../../src/certs/bundle.ts'
import { fromKubeconfig } from '../../src/kube/cluster.ts'
import { requestJson } from '../../src/kube/request.ts'
import { isObject } from '../../src/units/json.ts'
import { issueForTest } from '../support/certificates.ts'
import { objectAt } from '../support/pod-reader.ts'
import { smallPod } from '../support/review.ts'
import type { WebhookProcess } from '../support/usher-process.ts'
import { type Balancer, startBalancer } from './balancer.ts'
import { namespace, startWebhookCluster, type WebhookCluster } from './webhook-cluster.ts'

// Renewed after 100 s, with 50 s in which an API server may be away: on a busy machine 30 were too few.
const flags = ['--certs-life', '150s']
const secret = `secret usher-webhook-tls --namespace ${namespace}`

t.test('two rotations under a stream of pods: garbage, a deleted Secret, a killed replica, an API server that is away, and every pod is injected', async (t) => {
  const cluster = await startWebhookCluster(t)
  const { shell, api } = cluster
  const balancer = await startBalancer(t)
  const [first, second] = await Promise.all([cluster.webhook(flags), cluster.webhook(flags)])
  balancer.add(first)
  balancer.add(second)
  await shell.read('kubectl label namespace default usher.dev/inject=enabled')
  await cluster.configure(balancer.port)
  const pods = streamOfPods(t, cluster, balancer)
  await patiently(() => pods.made().at(-1)?.isInjected)
  const from = pods.made().length
  const { cert, cas: [ca = ''] } = await sharedOf(cluster)

  await t.test('garbage in the Secret is replaced, and nothing else is served', async (t) => {
    await shell.read(`kubectl patch ${secret} --patch '${JSON.stringify({ data: { 'tls.crt': base64('x'), 'ca.crt': base64('y') } })}'`)
    await patiently(async () => (await sharedOf(cluster)).cert === cert)
    const mended = () => [first, second].flatMap(({ lines }) => lines('put the certificate back into the Secret'))
    await patiently(() => mended().length > 0)
    t.match(mended(), [{ fault: /not both|not a certificate/ }])
    t.equal(first.lines('serving certificate').length, 1)
  })

  await t.test('in the middle of a rotation the API server is restarted, and a replica killed and replaced', async () => {
    await patiently(() => [first, second].some(({ lines }) => lines('made the next certificate; it is served once its CA is trusted').length > 0))
    await balancer.remove(second)
    second.kill('SIGKILL')
    await api.stop()
    await api.start()
    const third = await cluster.webhook(flags)
    balancer.add(third)
    await patiently(() => isServing(first, 2) && isLatest(third, first))
    await shell.read(`kubectl delete ${secret}`)
    await patiently(() => isServing(first, 3) && isLatest(third, first))
  })

  await t.test('the CA of the beginning is trusted no more when it has ended', async () => {
    await patiently(async () => !(await sharedOf(cluster)).cas.includes(ca))
  })
  const made = pods.made().slice(from)
  t.ok(made.length > 100, `${made.length} pods`)
  t.strictSame(made.filter(({ isInjected }) => !isInjected), [], 'not one is without')

  await t.test('a caBundle that is emptied, garbage, or another CA is mended within a minute', async (t) => {
    const foreign = await issueForTest()
    for (const op of [{ op: 'remove' }, { op: 'replace', value: base64('x') }, { op: 'replace', value: base64(foreign.ca.cert) }]) {
      const patch = [0, 1, 2].map((index) => ({ ...op, path: `/webhooks/${index}/clientConfig/caBundle` }))
      const at = performance.now()
      const { code, stderr } = await shell.run(`kubectl patch mutatingwebhookconfiguration usher --type json --patch '${JSON.stringify(patch)}'`)
      // Not every API server takes garbage.
      if (code !== 0) t.match(stderr, /caBundle|invalid/i)
      const seen = pods.made().length
      await patiently(async () => pods.made().length > seen + 2 && pods.made().at(-1)?.isInjected === true && (await isBundleShared(cluster)))
      t.ok(performance.now() - at < 60_000)
    }
  })
  for (const webhook of [first, second]) t.notMatch(webhook.text(), 'PRIVATE KEY')
})

interface MadePod {
  readonly at: string
  /** What the replicas' probes had answered just before. */
  readonly ready: readonly number[]
  readonly isInjected: boolean
}

/** Creates pods, some a second, each by a connection of its own to one of the replicas, until the test ends. */
function streamOfPods(t: Test, { api }: WebhookCluster, balancer: Balancer) {
  const cluster = fromKubeconfig(api.kubeconfig)
  const stopping = new AbortController()
  const { signal } = stopping
  const made: MadePod[] = []
  const body = smallPod({ name: undefined, generateName: 'small-' })

  async function create(): Promise<void> {
    const ready = await balancer.turn()
    const pod = await requestJson(cluster, { method: 'POST', path: '/api/v1/namespaces/default/pods', query: { dryRun: 'All' }, body, signal })
    const { annotations } = objectAt(pod, 'metadata')
    made.push({ at: new Date().toISOString(), ready, isInjected: isObject(annotations) && 'usher.dev/status' in annotations })
  }
  async function run(): Promise<void> {
    while (!signal.aborted) {
      // Where the API server is away, no pod is created.
      // oxlint-disable-next-line no-await-in-loop
      await create().catch(() => {})
      // oxlint-disable-next-line no-await-in-loop
      await pause(200)
    }
  }
  const ended = run()
  t.teardown(async () => {
    stopping.abort()
    await ended
  })
  return { made: (): readonly MadePod[] => made }
}

function isServing(webhook: WebhookProcess, times: number): boolean {
  return webhook.lines('serving certificate').length >= times
}

/** Whether two serve the same, as far as its end tells. */
function isLatest(one: WebhookProcess, other: WebhookProcess): boolean {
  const [left, right] = [one, other].map((each) => each.lines('serving certificate').at(-1)?.['validTo'])
  return left !== undefined && left === right
}

/** What the Secret holds; nothing while there is none, or no API server. */
async function sharedOf({ get }: WebhookCluster): Promise<{ readonly cert: string; readonly cas: readonly string[]; readonly ca: string }> {
  const found = await get(secret).catch(() => undefined)
  const data = isObject(found?.['data']) ? found['data'] : {}
  const text = (name: string): string => (typeof data[name] === 'string' ? Buffer.from(data[name], 'base64').toString() : '')
  return { cert: text('tls.crt'), ca: text('ca.crt'), cas: certificatesIn(text('ca.crt')).map(({ id }) => id) }
}

async function isBundleShared(cluster: WebhookCluster): Promise<boolean> {
  const { ca } = await sharedOf(cluster)
  const { webhooks } = await cluster.get('mutatingwebhookconfiguration usher')
  return Array.isArray(webhooks) && webhooks.every((webhook: unknown) => isObject(webhook) && objectAt(webhook, 'clientConfig')['caBundle'] === base64(ca))
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

/** Waits for what takes its time; tap's own limit ends it. */
async function patiently(look: () => boolean | undefined | Promise<boolean | undefined>): Promise<void> {
  // oxlint-disable-next-line no-await-in-loop
  while ((await look()) !== true) await pause(300)
}
